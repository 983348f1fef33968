"""Signatures of bundles' manifests: who exports asks for one, and the sealer, who alone has the key, gives it.

In: a manifest, put down in a table of the platform's. Out: a signed note over it, or why there is none. Whoever can
write to that table can have a text signed: so only a manifest is signed, of a log and of sizes that were signed before,
made just now; the signature can be taken for nothing else; and the log itself says what was signed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import psycopg

from apps.audit.checkpointing import tree_of
from apps.audit.keys import KeyMissingError, Keyring
from apps.audit.logs import LogRef, log_of
from apps.audit.sealing_state import LogState, Session, read_log
from apps.audit.statement import INSERT, event_values
from kapok.ledger.checkpoints import Checkpoint, ForgedSignature, Note, NoteError
from kapok.ledger.keys import SigningError
from kapok.ledger.manifest import MAX_MANIFEST_BYTES, Manifest, ManifestError, manifest_signer
from kapok.ledger.proofs import consistency_proof, verify_consistency

log_lines = logging.getLogger("kapok.audit")

#: What the sealer's connection is called: who wants a signature asks nobody who is not there.
SEALER = "kapok sealer"
#: How long a signature is waited for, and how often it is looked for, in seconds.
WAIT_SECONDS, LOOK_EVERY = 30.0, 0.1
#: How long before its signature a manifest may have been made, and how much later its maker's clock may be.
OLDEST, AHEAD = timedelta(days=1), timedelta(minutes=5)
#: Most manifests that are signed at once, so that sealing goes on.
BATCH = 10

_AWAKE = """
    select exists (
        select from pg_stat_activity
        where application_name = %s and datname = current_database() and usename = current_user
    )
"""
_ASK = "insert into public.kapok_manifest_request (schema_name, manifest) values (%s, %s) returning id"
_ANSWER = "select note, refused from public.kapok_manifest_request where id = %s"
_FORGET = "delete from public.kapok_manifest_request where id = %s or asked_at < clock_timestamp() - interval '1 day'"
_WAITING = """
    select id, schema_name, manifest from public.kapok_manifest_request
    where note is null and refused is null and length(manifest) <= %s order by id limit %s
"""
_ANSWERED = """
    update public.kapok_manifest_request set note = %s, refused = %s
    where id = %s and manifest = %s and note is null and refused is null
"""
_NEWEST = "select note from {schema}.kapok_checkpoint order by size desc limit 1"
_OF_SIZE = "select note from {schema}.kapok_checkpoint where size = %s"


class ManifestRefusedError(Exception):
    """The sealer does not sign this; the message says why."""


def ask_for_signature(session: Session, log: LogRef, manifest: bytes, seconds: float = WAIT_SECONDS) -> str | None:
    """The signed note over a manifest; None where no sealer is at work, or it refuses, or not in so many seconds.
    session: without a transaction."""
    if session.execute(_AWAKE, [SEALER]).fetchone() != (True,):
        return None
    row = session.execute(_ASK, [log.schema, manifest]).fetchone()
    assert row is not None
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            note, refused = session.execute(_ANSWER, row).fetchone() or (None, "the request is gone")
            if refused:
                log_lines.warning("the manifest of an export of %s is not signed: %s", log.origin, refused)
                return None
            if note:
                return str(note)
            time.sleep(LOOK_EVERY)
        return None
    finally:
        session.execute(_FORGET, row)


def sign_manifests(session: Session, keyring: Keyring, schemas: Collection[str]) -> int:
    """Answer who waits. schemas: those of the logs that are sealed. Out: how many were answered. Raises psycopg.Error
    where the database is away."""
    waiting = session.execute(_WAITING, [MAX_MANIFEST_BYTES, BATCH]).fetchall()
    for number, schema, manifest in waiting:
        try:
            with session.transaction():
                if schema not in schemas:
                    raise ManifestRefusedError("there is no such log")
                note = _signed(session, log_of(schema), bytes(manifest), keyring)
                session.execute(_ANSWERED, [note, None, number, manifest])
        except (ManifestRefusedError, KeyMissingError, SigningError, ValueError) as exc:
            session.execute(_ANSWERED, [None, str(exc), number, manifest])
        except psycopg.Error as exc:
            if session.closed:
                raise
            log_lines.warning("a manifest of the log in %s could not be signed", schema, exc_info=exc)
            session.execute(_ANSWERED, [None, "the log could not be read", number, manifest])
    return len(waiting)


def _signed(session: Session, log: LogRef, content: bytes, keyring: Keyring) -> str:
    try:
        manifest = Manifest.parse(content)
        if manifest.encoded != content:
            raise ManifestRefusedError("it is not spelled as a manifest is")
        made_at = datetime.fromisoformat(manifest.created_at)
        age = datetime.now(UTC) - made_at.astimezone(UTC)
    except (ManifestError, OverflowError) as exc:
        raise ManifestRefusedError(str(exc)) from exc
    if made_at.tzinfo is None or not -AHEAD <= age <= OLDEST:
        raise ManifestRefusedError(f"it says that it was made at {manifest.created_at}")
    state = read_log(session, log)
    if state is None or state.sealing_problem:
        raise ManifestRefusedError("the log is not signed itself")
    _check_sizes(session, log, state, manifest, keyring)
    part = manifest.part
    key = state.key or keyring.current.key
    note = manifest_signer(part.origin, [keyring.signer(key)])(content)
    details = {"sha256": sha256(content).hexdigest(), "first": part.first_size, "last": part.last_size}
    values = event_values(
        "audit.manifest_signed", outcome="ok", actor="system", target=f"log:{part.origin}",
        request_id="", address="", details=details,
    )  # fmt: skip
    session.execute(log.sql(INSERT), values)
    return note


def _check_sizes(session: Session, log: LogRef, state: LogState, manifest: Manifest, keyring: Keyring) -> None:
    """The part begins and ends at checkpoints, and the newest one, which this process has signed, extends both."""
    newest = _checkpoint(session.execute(log.sql(_NEWEST)).fetchone(), keyring, signed=True)
    part = manifest.part
    if (newest.origin, state.origin) != (part.origin, part.origin):
        raise ManifestRefusedError("it is of another log")
    node = tree_of(session, log)
    for size in {part.first_size, part.last_size} - {0}:
        found = _checkpoint(session.execute(log.sql(_OF_SIZE), [size]).fetchone(), keyring, signed=False)
        if (found.origin, found.size) != (part.origin, size) or size > newest.size:
            raise ManifestRefusedError(f"the log has no checkpoint of {size} entries")
        proof = consistency_proof(node, size, newest.size)
        if not verify_consistency(size, newest.size, found.root, newest.root, proof):
            raise ManifestRefusedError(f"the checkpoint of {size} entries is not one of this log")


def _checkpoint(row: tuple[str] | None, keyring: Keyring, *, signed: bool) -> Checkpoint:
    """signed: a key of this process must have signed it. An older one may be of a key that is gone."""
    if row is None:
        raise ManifestRefusedError("the log has no such checkpoint")
    try:
        note = Note.parse(row[0])
        if not note.signed_by(keyring.public) and signed:
            raise ManifestRefusedError("the log's last checkpoint is not signed by a key of this process")
        return Checkpoint.parse(note.text)
    except (NoteError, ForgedSignature) as exc:
        raise ManifestRefusedError(f"a checkpoint of the log is forged: {exc}") from exc
