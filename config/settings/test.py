"""The tests: real Postgres and Redis, cheap password hashes."""

from config.settings.base import *  # noqa: F403

ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Files are looked for when they are asked for, instead of all of them for every test client.
WHITENOISE_AUTOREFRESH = True
