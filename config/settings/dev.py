"""Development: what `kapok dev` and the shell on a developer's machine use."""

import socket
from urllib.parse import urlsplit

from config.env import ENV
from config.settings.base import *  # noqa: F403

DEBUG = True
# Nobody else's names: a page at evil.example whose name leads to this machine would be signed in here.
_OWN_NAMES = {socket.gethostname().lower(), urlsplit(ENV.origin).hostname or ""} - {""}
ALLOWED_HOSTS = [".localhost", "127.0.0.1", "[::1]", *sorted(_OWN_NAMES), *ENV.allowed_hosts]
WHITENOISE_AUTOREFRESH = True
# Where no mail server is named, mails are shown instead of sent.
if not ENV.email_url.host:
    EMAIL_BACKEND = "apps.identity.inbox.InboxBackend"
    KAPOK_DEV_INBOX = True
