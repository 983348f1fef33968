"""Development: what `kapok dev` and the shell on a developer's machine use."""

from config.settings.base import *  # noqa: F403

DEBUG = True
ALLOWED_HOSTS = ["*"]
WHITENOISE_AUTOREFRESH = True
