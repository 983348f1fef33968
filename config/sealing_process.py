"""What `python -m config.sealer` does: seals the logs of the control plane and of all tenants.

In: the database, the signing key, the anchors (KAPOK_AUDIT_*). Out: entries and signed
checkpoints, until SIGTERM. One is enough; two do no harm. `--once` seals what there is and ends; `--lost-key` begins to
sign with KAPOK_AUDIT_KEY although the former key is gone; `--search-anew` makes a log's search table again
(docs/audit-sealing.md, docs/audit-browser.md).
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import httpx
import psycopg
from cryptography.x509 import Certificate
from django.db import Error as DjangoError
from prometheus_client import start_http_server

from apps.audit.anchors import Anchor, AnchorAwayError, AnchorMisconfiguredError
from apps.audit.anchors_named import anchors_named
from apps.audit.begin_anew import do_begin_anew
from apps.audit.keys import Keyring, do_rotate_log_key, keyring_of
from apps.audit.logs import LogRef, log_of
from apps.audit.sealing import Sealer, log_lines, schemas_of_logs
from apps.audit.search_index import index_anew
from apps.audit.time_stamps import Authority, Stamping
from apps.tenants.checks import check_settings, refuse
from config.env import ENV
from kapok.ledger.keys import KeyFormatError
from kapok.ledger.time_stamps import read_certificates

#: How long to wait for a database that is away, in seconds.
RETRY_SECONDS = 5.0
#: How often who exports is looked for between two rounds, in seconds.
MANIFEST_SECONDS = 1.0
#: How long `--once` waits for anchors far away, in seconds.
ONCE_SECONDS = 60.0

_NO_KEY = """\
The sealer does not start: KAPOK_AUDIT_KEY is not set.
Make a key with `openssl genpkey -algorithm ed25519 -out audit.pem`, keep a copy where the database's administrators \
cannot reach it, and set KAPOK_AUDIT_KEY_FILE=/path/to/audit.pem. Nothing is lost meanwhile: what happens is sealed \
when the sealer runs."""


@click.command(name="python -m config.sealer")
@click.option("--once", is_flag=True, help="Seal what there is, then end.")
@click.option("--begin-anew", metavar="SCHEMA", help="Begin the log of a schema anew; then end. Asks for the reason.")
@click.option(
    "--lost-key", is_flag=True, help="Sign with KAPOK_AUDIT_KEY although no former key announces it; then end."
)
@click.option("--search-anew", metavar="SCHEMA", help="Make the search table of a schema's log anew; then end.")
def main(once: bool, begin_anew: str | None, lost_key: bool, search_anew: str | None) -> None:
    """Seal until SIGTERM."""
    refuse(check_settings())
    if begin_anew:
        log = _named(begin_anew)
        reason = click.prompt("Why, for the auditors")
        click.echo(do_begin_anew(log, actor="system", reason=reason))
        return
    if search_anew:
        with psycopg.connect(ENV.database_url, autocommit=True) as session:
            click.echo(f"{index_anew(session, _named(search_anew)):,} entries are searchable.")
        return
    keyring = _keyring()
    if lost_key:
        _begin_with(keyring)
        return
    log_lines.info("sealing with the key %s", keyring.current.key.text)
    anchors = _anchors()
    with closing(Sealer(ENV.database_url, keyring, anchors, _stamping(anchors))) as sealer:
        if once:
            # An anchor far away is asked first, and gets what is new then.
            for _ in range(2):
                sealer.round()
                sealer.drain(ONCE_SECONDS)
            sealer.index()
        else:
            _run(sealer)


def _named(schema: str) -> LogRef:
    """The log of a schema. Raises BadParameter where there is none."""
    with psycopg.connect(ENV.database_url, autocommit=True) as session:
        if schema not in schemas_of_logs(session):
            raise click.BadParameter(f"There is no log in a schema {schema!r}.")
    return log_of(schema)


def _run(sealer: Sealer) -> None:
    """Seal until SIGTERM or Ctrl-C; a round that has begun is ended."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if ENV.sealer_port:
        start_http_server(ENV.sealer_port)
    while not stopped.is_set():
        until = time.monotonic() + ENV.audit_seconds
        try:
            sealer.round()
            sealer.index(until=until)
            while (rest := until - time.monotonic()) > 0 and not stopped.wait(min(rest, MANIFEST_SECONDS)):
                sealer.sign_manifests()
        except (psycopg.Error, DjangoError, OSError) as exc:
            log_lines.warning("nothing can be sealed now", exc_info=exc)
            stopped.wait(RETRY_SECONDS)


def _keyring() -> Keyring:
    if not ENV.audit_key:
        raise SystemExit(_NO_KEY)
    try:
        return keyring_of(ENV.audit_key, ENV.audit_former_key)
    except KeyFormatError as exc:
        raise SystemExit(f"The sealer does not start: {exc}.") from None


def _anchors() -> list[Anchor]:
    """The anchors. One that is none stops the start; one that is away only now does not."""
    try:
        anchors = anchors_named(ENV.audit_anchors)
        for anchor in anchors:
            try:
                anchor.check()
            except AnchorAwayError as exc:
                log_lines.warning("the sealer starts without it: %s", exc)
    except AnchorMisconfiguredError as exc:
        raise SystemExit(f"The sealer does not start: KAPOK_AUDIT_ANCHORS: {exc}.") from None
    return anchors


def _stamping(anchors: Sequence[Anchor]) -> Stamping | None:
    """Who has checkpoints stamped, where an authority is set."""
    if not ENV.audit_tsa_url:
        return None
    certificates: list[Certificate] = []
    if ENV.audit_tsa_certificate:
        try:
            certificates = read_certificates(Path(ENV.audit_tsa_certificate).read_bytes())
        except (OSError, ValueError):
            raise SystemExit(
                "The sealer does not start: KAPOK_AUDIT_TSA_CERTIFICATE is not a file of certificates in PEM."
            ) from None
    else:
        log_lines.warning("time stamps are kept unchecked: KAPOK_AUDIT_TSA_CERTIFICATE is not set")
    try:
        authority = Authority(ENV.audit_tsa_url, certificates, ENV.audit_tsa_policy)
    except (ValueError, httpx.InvalidURL):
        raise SystemExit("The sealer does not start: KAPOK_AUDIT_TSA_URL is not an https:// or http:// URL.") from None
    return Stamping(ENV.database_url, authority, ENV.audit_tsa_seconds, anchors)


def _begin_with(keyring: Keyring) -> None:
    with psycopg.connect(ENV.database_url, autocommit=True) as session:
        changed: list[Any] = [
            schema for schema in schemas_of_logs(session)
            if do_rotate_log_key(log_of(schema), keyring, actor="system", lost=True)
        ]  # fmt: skip
    click.echo(f"{len(changed)} logs are signed with {keyring.current.key.text} from now on.")
