"""A real OpenID provider for the tests: django-oauth-toolkit on SQLite, run as a program of its own.

In: a directory, and JSON on stdin: {"redirects": [...], "users": [{name, password, email, verified}]}. Out: one
line of JSON on stdout, {"issuer", "client_id", "client_secret"}; it answers until it is killed.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.apps import apps
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command


class Server(ThreadingMixIn, WSGIServer):
    """A thread a request: we are called while a browser waits for us."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


def main() -> None:
    """Set up, say who we are, answer."""
    given = json.load(sys.stdin)
    server = make_server("127.0.0.1", 0, lambda *_: [], server_class=Server, handler_class=Quiet)
    issuer = f"http://127.0.0.1:{server.server_port}"
    configure(Path(sys.argv[1]), issuer)
    django.setup()
    call_command("migrate", verbosity=0)
    client_id, client_secret = populate(given)
    server.set_app(WSGIHandler())
    said = {"issuer": issuer, "client_id": client_id, "client_secret": client_secret}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    server.serve_forever()


def configure(folder: Path, issuer: str) -> None:
    """Settings of the site; its key is new every time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.configure(
        SECRET_KEY=secrets.token_hex(),
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.identity.provider_urls",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.sqlite3")}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGIN_URL="/login/",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": issuer,
            "OIDC_RSA_PRIVATE_KEY": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who", "email": "address", "profile": "name"},
            "OAUTH2_VALIDATOR_CLASS": "tests.identity.provider_urls.Validator",
        },
    )


def populate(given: dict[str, Any]) -> tuple[str, str]:
    """The users and one confidential client, for which nobody is asked to consent. Out: the client's id and secret."""
    model = apps.get_model("auth", "User")
    for user in given["users"]:
        made = model(username=user["name"], email=user["email"], first_name=user["name"].title())
        made.last_name = "verified" if user["verified"] else ""
        made.set_password(user["password"])
        made.save()
    application = apps.get_model("oauth2_provider", "Application")
    secret = secrets.token_urlsafe(32)
    client = application.objects.create(
        name="kapok",
        client_type=application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(given["redirects"]),
        client_secret=secret,
        algorithm=application.RS256_ALGORITHM,
        skip_authorization=True,
    )
    return client.client_id, secret


if __name__ == "__main__":
    main()
