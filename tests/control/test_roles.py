"""Passwords of database roles: derived, different for each role and key, and kept by the server as SCRAM verifiers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from psycopg.conninfo import conninfo_to_dict

from apps.tenants.models import Tenant
from kapok.roles import conninfo_for, django_database, role_password, scram_verifier


def opens(verifier: str, password: str) -> bool:
    """What a server checks at a login (RFC 5802, section 3)."""
    found = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)", verifier)
    assert found is not None
    iterations, salt, stored, server = int(found[1]), *(base64.b64decode(found[n]) for n in (2, 3, 4))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    return hashlib.sha256(client).digest() == stored and hmac.digest(salted, b"Server Key", "sha256") == server


def test_a_password_belongs_to_one_role_and_one_key() -> None:
    passwords = {role_password(key, role) for key in ("k1", "k2") for role in ("t_a_owner", "t_b_owner", "g_a")}
    assert len(passwords) == 6
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", password) for password in passwords)
    assert role_password("k1", "g_a") == role_password("k1", "g_a")


def test_the_verifier_opens_with_its_password_only_and_is_salted() -> None:
    password = role_password("key", "role")
    first, second = scram_verifier(password), scram_verifier(password)
    assert first != second
    assert opens(first, password) and opens(second, password)
    assert not opens(first, role_password("key", "other"))


def test_connection_strings_keep_everything_but_the_login() -> None:
    url = "postgresql://admin:s%40cret@db.example.com:6432/kapok?sslmode=verify-full&application_name=x"
    parts = conninfo_to_dict(conninfo_for(url, "g_abc", "p w'd"))
    assert parts == {
        "user": "g_abc", "password": "p w'd", "host": "db.example.com", "port": "6432", "dbname": "kapok",
        "sslmode": "verify-full", "application_name": "x",
    }  # fmt: skip
    database = django_database(url)
    assert (database["USER"], database["PASSWORD"], database["NAME"]) == ("admin", "s@cret", "kapok")
    assert database["OPTIONS"] == {"sslmode": "verify-full", "application_name": "x"}
    assert django_database("postgresql:///kapok?host=/run/postgresql")["HOST"] == "/run/postgresql"


def test_names_of_schemas_come_from_ids_alone() -> None:
    one, two = Tenant(slug="same"), Tenant(slug="same")
    assert one.schema_name != two.schema_name
    assert re.fullmatch(r"t_[a-z2-7]{26}", one.schema_name)
    assert one.owner_role == one.schema_name + "_owner"
