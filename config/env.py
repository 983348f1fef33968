"""Every environment variable, read once and typed.

In: the process's environment. Out: `ENV`, and `VARIABLES` for the documentation. A secret may be given as X, or as
X_FILE: the path of a file that holds it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.mail_server import MailServer, mail_server
from kapok.errors import KapokError

#: What development and the tests sign with. A system check refuses it in production.
INSECURE_SECRET_KEY = "insecure-development-key-do-not-use-in-production"

#: A hundred years: a date so far back can still be counted.
MOST_DAYS = 36_500

_TRUE = {"1", "true", "yes", "on"}
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
#: KiB, passes.
_COST = re.compile(r"(\d{1,7}),(\d{1,3})", re.ASCII)
_FALSE = {"0", "false", "no", "off", ""}


def _boolean(text: str) -> bool:
    value = text.strip().lower()
    if value not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return value in _TRUE


def _whole(least: int, most: int = 1_000_000) -> Callable[[str], int]:
    """Reads a whole number."""

    def parse(text: str) -> int:
        if not text.strip().isdecimal() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.01 <= seconds < math.inf:
        raise ValueError("must be a number of seconds, at least 0.01")
    return seconds


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _origin(text: str) -> str:
    text = text.strip().lower().removesuffix("/")
    url = urlsplit(text)
    if text and (url.scheme not in {"http", "https"} or not url.hostname or text != f"{url.scheme}://{url.netloc}"):
        raise ValueError("must be like https://kapok.example.com")
    if url.username is not None or url.port == 0:  # reading the port checks it
        raise ValueError("must be like https://kapok.example.com, or with a port")
    return text


def _level(text: str) -> str:
    level = text.strip().upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return level


def _format(text: str) -> str:
    if text not in {"json", "text"}:
        raise ValueError("must be json or text")
    return text


def _two_step(text: str) -> str:
    if text not in {"optional", "required"}:
        raise ValueError("must be optional or required")
    return text


def _addresses(text: str) -> tuple[str, ...]:
    addresses = _words(text)
    if not all(_ADDRESS.fullmatch(address) for address in addresses):
        raise ValueError("must be e-mail addresses, separated by commas")
    return addresses


def _argon2(text: str) -> tuple[int, int]:
    found = _COST.fullmatch(text)
    memory, passes = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (8 <= memory <= 4_194_304 and 1 <= passes <= 100):
        raise ValueError("must be like 7168,5: KiB, passes")
    return memory, passes


def _variable(
    name: str, help_text: str, default: Any, parse: Callable[[str], Any] = str, *, secret: bool = False
) -> Any:
    return field(default=default, metadata={"name": name, "help": help_text, "parse": parse, "secret": secret})


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of this process that come from outside."""

    secret_key: str = _variable(
        "SECRET_KEY",
        "Signs sessions and derives the passwords of the database roles; at least 50 random characters.",
        INSECURE_SECRET_KEY,
        secret=True,
    )
    secret_key_fallbacks: tuple[str, ...] = _variable(
        "SECRET_KEY_FALLBACKS",
        "Former secret keys, separated by commas: what they signed or encrypted can still be read.",
        (),
        _words,
        secret=True,
    )
    database_url: str = _variable(
        "DATABASE_URL",
        "The platform role's PostgreSQL URL: postgresql://user:password@host:5432/database.",
        "postgresql://postgres@127.0.0.1:5432/kapok",
        secret=True,
    )
    redis_url: str = _variable(
        "REDIS_URL", "Redis (or Valkey) for jobs and caches.", "redis://127.0.0.1:6379/0", secret=True
    )
    base_domain: str = _variable(
        "KAPOK_BASE_DOMAIN", "Tenants answer at <slug>.<base domain>, besides /t/<slug>/.", "localhost"
    )
    public_url: str = _variable(
        "KAPOK_PUBLIC_URL",
        "Where callers reach the service, as https://host:port; it stands in tokens and mails. "
        "Made of KAPOK_BASE_DOMAIN when empty.",
        "",
        _origin,
    )
    allowed_hosts: tuple[str, ...] = _variable(
        "KAPOK_ALLOWED_HOSTS",
        "Host names the control plane answers at, separated by commas; .example.com is all below it. `kapok dev` "
        "answers at localhost, this machine's name and KAPOK_PUBLIC_URL's besides.",
        (),
        _words,
    )
    trusted_origins: tuple[str, ...] = _variable(
        "KAPOK_TRUSTED_ORIGINS", "Origins (https://...) that may post forms to the control plane.", (), _words
    )
    https: bool = _variable(
        "KAPOK_HTTPS", "Whether callers reach the service by HTTPS: secure cookies, redirect, HSTS.", True, _boolean
    )
    log_level: str = _variable("KAPOK_LOG_LEVEL", "The least severe level that is logged.", "INFO", _level)
    log_format: str = _variable("KAPOK_LOG_FORMAT", "json: one object a line. text: for reading.", "json", _format)
    pool_size: int = _variable(
        "KAPOK_POOL_SIZE",
        "Most database connections of one project in one web process; half of them read at once, three fifths write. "
        "More pay where the database has many processors, or a disk that flushes slowly.",
        20,
        _whole(1),
    )
    client_seconds: float = _variable(
        "KAPOK_CLIENT_SECONDS",
        "What a client may take to send a request line and headers; in so many seconds a body or an answer must move "
        "by 1,000 bytes for each.",
        20.0,
        _seconds,
    )
    connections: int = _variable(
        "KAPOK_CONNECTIONS",
        "Most connections to one web process; fewer where the system lets it open fewer files.",
        10_000,
        _whole(1),
    )
    connections_per_address: int = _variable(
        "KAPOK_CONNECTIONS_PER_ADDRESS",
        "Most of them from one address (of IPv6: one /64); not from the proxies named by --proxies.",
        1_000,
        _whole(1),
    )
    access_log: bool = _variable("KAPOK_ACCESS_LOG", "Whether every data-plane request is logged.", True, _boolean)
    metrics_token: str = _variable(
        "KAPOK_METRICS_TOKEN", "The Bearer token /metrics asks for; none when empty.", "", secret=True
    )
    private_issuers: bool = _variable(
        "KAPOK_PRIVATE_ISSUERS",
        "Whether identity providers and the key sets of issuers outside may be on private addresses, or by http on "
        "this machine.",
        False,
        _boolean,
    )
    migration_workers: int = _variable(
        "KAPOK_MIGRATION_WORKERS", "How many tenants of a project are migrated at once.", 4, _whole(1)
    )
    signing_key_days: int = _variable(
        "KAPOK_SIGNING_KEY_DAYS",
        "After so many days a tenant's signing key gets a successor.",
        90,
        _whole(1, MOST_DAYS),
    )
    stale_seconds: int = _variable(
        "KAPOK_STALE_SECONDS",
        "After so many seconds without a sign of life a job goes to another worker.",
        15,
        _whole(1),
    )

    operator_two_step: str = _variable(
        "KAPOK_OPERATOR_TWO_STEP",
        "required: operators set two-step sign-in up before anything else in the admin. optional: who wants.",
        "optional",
        _two_step,
    )
    export_dir: str = _variable(
        "KAPOK_EXPORT_DIR",
        "Where exports of audit trails are kept: a directory that the web and worker processes share. Nothing is "
        "exported without one; `kapok dev` has `exports` in its state directory.",
        "",
    )
    export_days: int = _variable(
        "KAPOK_EXPORT_DAYS",
        "After so many days the file of an export is deleted; what it was stays on record.",
        30,
        _whole(1, MOST_DAYS),
    )

    email_url: MailServer = _variable(  # noqa: RUF009  (a frozen dataclass)
        "KAPOK_EMAIL_URL",
        "The mail server: smtp://user:password@host:587 (STARTTLS), smtps://...:465 (TLS), smtp+plain://... (neither). "
        "Without it no mail is sent; `kapok dev` shows mails at /_dev/inbox.",
        MailServer(),
        mail_server,
        secret=True,
    )
    email_from: str = _variable("KAPOK_EMAIL_FROM", "The sender of mails.", "Kapok <no-reply@localhost>")
    auth_threads: int = _variable(
        "KAPOK_AUTH_THREADS",
        "Requests to /auth/v1 at work at once in one web process, each with a connection.",
        8,
        _whole(1),
    )
    password_threads: int = _variable(
        "KAPOK_PASSWORD_THREADS", "Passwords hashed at once in one web process, at a low priority.", 2, _whole(1)
    )
    argon2: tuple[int, int] = _variable(
        "KAPOK_ARGON2",
        "Cost of a password's hash (Argon2id): memory in KiB, passes. Less than the default (one of OWASP's) is for "
        "tests and load generators only.",
        (7168, 5),
        _argon2,
    )

    audit_key: str = _variable(
        "KAPOK_AUDIT_KEY",
        "What logs are signed with: an Ed25519 private key in PEM, or `command <public key> <program> <arguments>`. "
        "Only the sealer needs it.",
        "",
        secret=True,
    )
    audit_former_key: str = _variable(
        "KAPOK_AUDIT_FORMER_KEY",
        "The key before KAPOK_AUDIT_KEY, until every log has been told of the new one.",
        "",
        secret=True,
    )
    audit_anchors: tuple[str, ...] = _variable(
        "KAPOK_AUDIT_ANCHORS",
        "What keeps checkpoints outside the database, separated by commas: directories, and buckets with object lock "
        "(s3://bucket/prefix?endpoint=https://...&region=...&retain=3650d).",
        (),
        _words,
    )
    audit_tsa_url: str = _variable(
        "KAPOK_AUDIT_TSA_URL",
        "A time stamp authority (RFC 3161), https://tsa.example.com/tsr, that the sealer asks to stamp checkpoints.",
        "",
        secret=True,
    )
    audit_tsa_certificate: str = _variable(
        "KAPOK_AUDIT_TSA_CERTIFICATE",
        "A file with its root certificate in PEM, and those between, if any: stamps that it does not vouch for are not "
        "kept.",
        "",
    )
    audit_tsa_policy: str = _variable(
        "KAPOK_AUDIT_TSA_POLICY", "The policy (an OID) that its stamps must have; any when empty.", ""
    )
    audit_tsa_seconds: float = _variable(
        "KAPOK_AUDIT_TSA_SECONDS", "A log's checkpoint is stamped at most so often.", 3600.0, _seconds
    )
    audit_seconds: float = _variable(
        "KAPOK_AUDIT_SECONDS",
        "How often the sealer looks for what is new; a log's checkpoints are as far apart.",
        2.0,
        _seconds,
    )
    audit_trusted_keys: tuple[str, ...] = _variable(
        "KAPOK_AUDIT_TRUSTED_KEYS",
        "Public keys (name+id+base64, separated by commas) that may have signed, for the daily self-check; "
        "those that the logs themselves name when empty.",
        (),
        _words,
    )
    audit_lag_seconds: int = _variable(
        "KAPOK_AUDIT_LAG_SECONDS",
        "What waits longer than this to be sealed, or to be brought to the anchors, raises an alert.",
        300,
        _whole(0),
    )
    audit_days: int = _variable(
        "KAPOK_AUDIT_DAYS",
        "Events of the control plane's own log stay for so many days; those of a tenant as long as its project's "
        "audit.yaml says.",
        3660,
        _whole(1, MOST_DAYS),
    )
    alert_emails: tuple[str, ...] = _variable(
        "KAPOK_ALERT_EMAILS",
        "Who is told by e-mail of alerts about audit logs (KAPOK_EMAIL_URL has to be set, too), separated by commas.",
        (),
        _addresses,
    )
    sealer_port: int = _variable(
        "KAPOK_SEALER_PORT",
        "Where the sealer answers Prometheus, on every address; nowhere when 0.",
        0,
        _whole(0, 65535),
    )

    @property
    def origin(self) -> str:
        """Where callers reach the service, without a slash at the end."""
        return self.public_url or f"{'https' if self.https else 'http'}://{self.base_domain}"

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret key, then the former ones."""
        return self.secret_key, *self.secret_key_fallbacks


VARIABLES: tuple[Field[Any], ...] = fields(Environment)


def read(environ: Mapping[str, str]) -> Environment:
    """Read and check every variable. Raises KapokError CONFIGURATION_INVALID naming the variable and the reason."""
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        text = _text(variable, environ)
        if text is None:
            continue
        try:
            values[variable.name] = variable.metadata["parse"](text)
        except ValueError as exc:
            raise _invalid(variable.metadata["name"], str(exc)) from exc
    return Environment(**values)


def _text(variable: Field[Any], environ: Mapping[str, str]) -> str | None:
    name: str = variable.metadata["name"]
    if name in environ or not variable.metadata["secret"]:
        return environ.get(name)
    path = environ.get(name + "_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise _invalid(name + "_FILE", "the file cannot be read as text") from exc


def _invalid(name: str, reason: str) -> KapokError:
    return KapokError(
        "CONFIGURATION_INVALID", f"The environment variable {name} is not valid: {reason}.", details={"variable": name}
    )


def default_of(variable: Field[Any]) -> Any:
    """The value a variable has when it is not set."""
    return None if variable.default is MISSING else variable.default


ENV = read(os.environ)
