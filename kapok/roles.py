"""Database roles: their passwords and how to log in as them.

In: the platform's secret key and connection URL, and a role's name. Out: the role's password (derived, stored nowhere),
the SCRAM verifier Postgres keeps of it, and connection strings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# The passwords have 256 bits, so iterations add nothing but time at every login; they protect guessable passwords.
_SCRAM_ITERATIONS = 1


def role_password(secret_key: str, role: str) -> str:
    """The password of a role: HMAC-SHA256 of its name under the secret key, in base64url without padding."""
    digest = hmac.new(secret_key.encode(), f"kapok database role {role}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def scram_verifier(password: str) -> str:
    """What CREATE ROLE ... PASSWORD takes instead of the password, so that it never stands in the server's log
    (RFC 5803; PostgreSQL manual, 20.5)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(value).decode() for value in (salt, stored, server))
    return f"SCRAM-SHA-256${_SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"


def conninfo_for(database_url: str, role: str, password: str) -> str:
    """The connection string of the platform's database for another role."""
    return make_conninfo(database_url, user=role, password=password)


def django_database(database_url: str) -> dict[str, Any]:
    """The platform's connection URL as an entry of Django's DATABASES, for django-tenants."""
    parts = dict(conninfo_to_dict(database_url))
    return {
        "ENGINE": "apps.tenants.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": parts,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
