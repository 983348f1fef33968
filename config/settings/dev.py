"""Development: what `kapok dev` and the shell on a developer's machine use."""

from config.env import ENV
from config.settings.base import *  # noqa: F403

DEBUG = True
ALLOWED_HOSTS = ["*"]
WHITENOISE_AUTOREFRESH = True
# Where no mail server is named, mails are shown instead of sent.
if not ENV.email_url.host:
    EMAIL_BACKEND = "apps.identity.inbox.InboxBackend"
    KAPOK_DEV_INBOX = True
