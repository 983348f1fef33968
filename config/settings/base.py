"""Settings all environments share. What comes from outside is read in config/env.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.env import ENV
from config.logging import logging_config
from config.settings.unfold import UNFOLD as UNFOLD
from kapok.roles import django_database

BASE_DIR = Path(__file__).resolve().parents[2]

SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = list(ENV.secret_key_fallbacks)
DEBUG = False
# Whether the strict checks of apps/tenants/checks.py apply.
KAPOK_PRODUCTION = False
ALLOWED_HOSTS = list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(ENV.trusted_origins)

DATABASE_URL = ENV.database_url
REDIS_URL = ENV.redis_url
KAPOK_BASE_DOMAIN = ENV.base_domain
KAPOK_PUBLIC_URL = ENV.origin
KAPOK_MIGRATION_WORKERS = ENV.migration_workers
KAPOK_PRIVATE_ISSUERS = ENV.private_issuers
KAPOK_SIGNING_KEY_DAYS = ENV.signing_key_days
KAPOK_STALE_SECONDS = ENV.stale_seconds
KAPOK_OPERATOR_TWO_STEP = ENV.operator_two_step
KAPOK_AUDIT_ANCHORS = ENV.audit_anchors
KAPOK_AUDIT_TRUSTED_KEYS = ENV.audit_trusted_keys
KAPOK_AUDIT_LAG_SECONDS = ENV.audit_lag_seconds
KAPOK_AUDIT_DAYS = ENV.audit_days
KAPOK_ALERT_EMAILS = ENV.alert_emails
KAPOK_EXPORT_DIR = ENV.export_dir
KAPOK_EXPORT_DAYS = ENV.export_days

# --- applications. `apps.tenants` stands before django_tenants, so that its `migrate` leaves tenants' schemas alone;
# so do unfold and apps.control, for django_tenants has admin pages of its own.
SHARED_APPS = [
    "apps.tenants",
    "apps.accounts",
    "apps.audit",
    "apps.control",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.guardian",
    "django_tenants",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "guardian",
    "rest_framework",
    "channels",
    "graphene_django",
    "drf_spectacular",
]
# Their tables are in every tenant's schema: made by provisioning, named by apps/tenants/postgresql. The control plane
# has a log of its own, in `public`.
TENANT_APPS = ["apps.audit", "apps.identity"]
INSTALLED_APPS = SHARED_APPS + [app for app in TENANT_APPS if app not in SHARED_APPS]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.middleware.KnownHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "config.middleware.UnusableValueMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.TwoStepMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.control.banner.audit_alerts",
            ]
        },
    }
]

# --- database and tenants
DATABASES = {"default": django_database(ENV.database_url)}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
PUBLIC_SCHEMA_NAME = "public"
PUBLIC_SCHEMA_URLCONF = ROOT_URLCONF
TENANT_LIMIT_SET_CALLS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- who signs in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/admin/login/"
# Where a sign-in leads whose link names another place than ours.
LOGIN_REDIRECT_URL = "/admin/"

# --- end users (apps.identity)
KAPOK_AUTH_THREADS = ENV.auth_threads
KAPOK_PASSWORD_THREADS = ENV.password_threads
KAPOK_ARGON2 = ENV.argon2
# Where `kapok dev` shows the mails that were sent.
KAPOK_DEV_INBOX = False
EMAIL_BACKEND = ENV.email_url.backend
EMAIL_HOST = ENV.email_url.host
EMAIL_PORT = ENV.email_url.port
EMAIL_HOST_USER = ENV.email_url.user
EMAIL_HOST_PASSWORD = ENV.email_url.password
EMAIL_USE_TLS = ENV.email_url.starttls
EMAIL_USE_SSL = ENV.email_url.tls
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = ENV.email_from

# --- caches and sockets
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [ENV.redis_url]}}}

# --- language and time
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"

# --- files: served by the ASGI app itself, found where they lie, without collectstatic
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

LOGGING = logging_config(ENV.log_level, ENV.log_format)

REST_FRAMEWORK: dict[str, Any] = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Kapok control API",
    "DESCRIPTION": "Projects, tenants, keys, migrations and the jobs that work on them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "TenantState": "kapok.tenancy.TenantState",
        "OperationState": "apps.tenants.models.OperationState",
    },
}
