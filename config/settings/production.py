"""Production: everything that must be strict is strict; apps/tenants/checks.py refuses to start on what is missing."""

from config.env import ENV
from config.settings.base import *  # noqa: F403

DEBUG = False
KAPOK_PRODUCTION = True

SECURE_SSL_REDIRECT = ENV.https
# Kapok stands behind a proxy or ingress that ends TLS and sets this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if ENV.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.https
SECURE_HSTS_PRELOAD = ENV.https
SESSION_COOKIE_SECURE = ENV.https
CSRF_COOKIE_SECURE = ENV.https
