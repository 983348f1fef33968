"""The tests: real Postgres and Redis, cheap password hashes."""

from config.settings.base import *  # noqa: F403

ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Files are looked for when they are asked for, instead of all of them for every test client.
WHITENOISE_AUTOREFRESH = True
# As `kapok dev`: mails can be read at /_dev/inbox.json.
EMAIL_BACKEND = "apps.identity.inbox.InboxBackend"
KAPOK_DEV_INBOX = True
# Cheap: most tests are not about the cost of a hash.
KAPOK_ARGON2 = (64, 1)
