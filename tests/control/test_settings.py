"""The environment is read once and typed; bad settings are refused before anything starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http.request import validate_host
from django.test import override_settings

from apps.tenants.checks import check_settings
from config.env import VARIABLES, read
from kapok.errors import KapokError

GOOD = {
    "KAPOK_PRODUCTION": True,
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": ["admin.example.com"],
    "DATABASE_URL": "postgresql://kapok@db/kapok",
    "REDIS_URL": "redis://redis:6379/0",
    "KAPOK_PUBLIC_URL": "https://kapok.example.com",
    "SECURE_SSL_REDIRECT": True,
}


def ids(**changes: Any) -> list[str | None]:
    with override_settings(**{**GOOD, **changes}):
        return [message.id for message in check_settings()]


def test_good_settings_pass() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"SECRET_KEY": "short"}, "kapok.E007"),
        ({"SECRET_KEY": "insecure-" + "x" * 50}, "kapok.E007"),
        ({"DEBUG": True}, "kapok.E006"),
        ({"ALLOWED_HOSTS": []}, "kapok.E008"),
        ({"ALLOWED_HOSTS": ["*"]}, "kapok.E009"),
        ({"DATABASE_URL": "mysql://db/kapok"}, "kapok.E001"),
        ({"REDIS_URL": "http://redis"}, "kapok.E003"),
        ({"PUBLIC_SCHEMA_NAME": "shared"}, "kapok.E005"),
        ({"KAPOK_PUBLIC_URL": "https://localhost"}, "kapok.E010"),
        ({"KAPOK_PUBLIC_URL": "https://127.0.0.1:8000"}, "kapok.E010"),
        ({"KAPOK_PUBLIC_URL": "http://kapok.example.com"}, "kapok.E011"),
    ],
)
def test_each_bad_setting_has_its_own_error(changes: dict[str, Any], expected: str) -> None:
    assert ids(**changes) == [expected]


def test_every_error_has_a_hint() -> None:
    with override_settings(
        KAPOK_PRODUCTION=True, DEBUG=True, SECRET_KEY="x", ALLOWED_HOSTS=[], DATABASE_URL="", REDIS_URL=""
    ):
        messages = check_settings()
    assert len(messages) >= 5
    assert all(message.hint for message in messages)


def test_without_tls_the_public_url_may_be_without_it() -> None:
    assert ids(KAPOK_PUBLIC_URL="http://kapok.example.com", SECURE_SSL_REDIRECT=False) == []


def test_development_is_not_held_to_productions_rules() -> None:
    assert ids(KAPOK_PRODUCTION=False, SECRET_KEY="short", ALLOWED_HOSTS=["*"]) == []


@pytest.mark.parametrize(
    "process",
    [
        ["manage.py", "check"],
        ["-c", "import config.asgi"],
        ["-m", "celery", "-A", "config", "worker", "--pool", "solo"],
    ],
)
def test_production_does_not_boot_with_the_default_key(process: list[str]) -> None:
    """Neither a command, nor the web process, nor a worker: each ends with the id and the hint."""
    environ = {name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "SECRET_KEY_FILE"}}
    environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.production", "KAPOK_ALLOWED_HOSTS": "a.example.com"}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, *process], cwd=root, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "kapok.E007: SECRET_KEY is missing" in done.stderr
    assert "SECRET_KEY_FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_variables_are_typed() -> None:
    env = read({"KAPOK_HTTPS": "no", "KAPOK_ALLOWED_HOSTS": "a.example.com, b.example.com", "KAPOK_LOG_LEVEL": "debug"})
    assert env.https is False
    assert env.allowed_hosts == ("a.example.com", "b.example.com")
    assert env.log_level == "DEBUG"


def test_the_public_url_is_an_origin_as_browsers_write_it() -> None:
    assert read({"KAPOK_PUBLIC_URL": " https://Kapok.Example.com:8443/ "}).origin == "https://kapok.example.com:8443"
    assert read({"KAPOK_BASE_DOMAIN": "kapok.example.com"}).origin == "https://kapok.example.com"


def test_secrets_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from a file\n")
    assert read({"SECRET_KEY_FILE": str(secret)}).secret_key == "from a file"
    assert read({"SECRET_KEY_FILE": str(secret), "SECRET_KEY": "set"}).secret_key == "set"


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({"KAPOK_HTTPS": "maybe"}, "KAPOK_HTTPS"),
        ({"KAPOK_LOG_LEVEL": "loud"}, "KAPOK_LOG_LEVEL"),
        ({"KAPOK_MIGRATION_WORKERS": "four"}, "KAPOK_MIGRATION_WORKERS"),
        ({"KAPOK_MIGRATION_WORKERS": "0"}, "KAPOK_MIGRATION_WORKERS"),
        ({"KAPOK_POOL_SIZE": "-1"}, "KAPOK_POOL_SIZE"),
        ({"KAPOK_EXPORT_DAYS": "9999999"}, "KAPOK_EXPORT_DAYS"),
        ({"KAPOK_SEALER_PORT": "70000"}, "KAPOK_SEALER_PORT"),
        ({"KAPOK_AUDIT_SECONDS": "nan"}, "KAPOK_AUDIT_SECONDS"),
        ({"KAPOK_AUDIT_TSA_SECONDS": "soon"}, "KAPOK_AUDIT_TSA_SECONDS"),
        ({"DATABASE_URL_FILE": "/nonexistent"}, "DATABASE_URL_FILE"),
        ({"KAPOK_PUBLIC_URL": "kapok.example.com"}, "KAPOK_PUBLIC_URL"),
        ({"KAPOK_PUBLIC_URL": "https://kapok.example.com/base"}, "KAPOK_PUBLIC_URL"),
        ({"KAPOK_PUBLIC_URL": "https://user:word@kapok.example.com"}, "KAPOK_PUBLIC_URL"),
        ({"KAPOK_PUBLIC_URL": "https://kapok.example.com?x=1"}, "KAPOK_PUBLIC_URL"),
        ({"KAPOK_PUBLIC_URL": "https://kapok.example.com:x"}, "KAPOK_PUBLIC_URL"),
    ],
)
def test_bad_values_name_their_variable(environ: dict[str, str], variable: str) -> None:
    with pytest.raises(KapokError) as caught:
        read(environ)
    assert caught.value.code == "CONFIGURATION_INVALID"
    assert caught.value.details == {"variable": variable}


def test_a_secret_file_that_is_no_text_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KapokError, match="SECRET_KEY_FILE is not valid: the file cannot be read as text"):
        read({"SECRET_KEY_FILE": str(tmp_path / "key")})


def test_variables_have_names_and_help() -> None:
    names = [variable.metadata["name"] for variable in VARIABLES]
    assert len(set(names)) == len(names)
    assert all(variable.metadata["help"] for variable in VARIABLES)


def test_kapok_dev_answers_at_hosts_that_are_named() -> None:
    """In a container or a workspace in the cloud its name is another one than the machine's own."""
    environ = {**os.environ, "KAPOK_ALLOWED_HOSTS": ".app.github.dev", "KAPOK_PUBLIC_URL": "https://dev.example.com"}
    done = subprocess.run(
        [sys.executable, "-c", "from config.settings import dev; print(*dev.ALLOWED_HOSTS)"],
        cwd=Path(__file__).parents[2], env=environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    named = done.stdout.split()
    assert "*" not in named and validate_host("localhost", named) and not validate_host("evil.example", named)
    assert validate_host("quiet-8000.app.github.dev", named) and validate_host("dev.example.com", named)
