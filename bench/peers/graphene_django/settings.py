"""Settings of this peer: nothing but the view. In: DATABASE_URL, SCHEMA."""

import os

from psycopg.conninfo import conninfo_to_dict

_target = conninfo_to_dict(os.environ["DATABASE_URL"])

SECRET_KEY = "only for the bench: nothing is signed"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.peers.graphene_django.urls"
INSTALLED_APPS = ["graphene_django", "bench.peers.graphene_django.apps.ShopConfig"]
MIDDLEWARE: list[str] = []
USE_TZ = True
GRAPHENE = {"SCHEMA": "bench.peers.graphene_django.schema.schema"}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _target.get("dbname", ""),
        "USER": _target.get("user", ""),
        "PASSWORD": _target.get("password", ""),
        "HOST": _target.get("host", ""),
        "PORT": _target.get("port", ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"options": f"-c search_path={os.environ['SCHEMA']}"},
    }
}
