"""The keys that logs are signed with: read from the settings, and changed by an event in the log itself.

In: KAPOK_AUDIT_KEY and KAPOK_AUDIT_FORMER_KEY, each a private key in PEM or a command that has one. Out: a `Keyring`;
a log's next key, announced by its present one (kapok/ledger/rotation.py).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.audit.logs import LogRef
from apps.audit.record import record
from kapok.ledger.keys import KeyFormatError, PublicKey, Signer
from kapok.ledger.rotation import announce
from kapok.ledger.signing import CommandSigner, LocalSigner

#: What signed notes call the keys. The key itself is told apart by its id.
KEY_NAME = "kapok-audit"
_COMMAND = "command "

_LOCK = "select origin, key, next_key from {schema}.kapok_log for update"
_POSITION = "select max(position) from {schema}.kapok_event where xid = pg_current_xact_id()"
_ANNOUNCED = "update {schema}.kapok_log set next_key = %s, next_key_event = %s"
_AT_ONCE = """
    update {schema}.kapok_log
    set key = %s, next_key = '', next_key_event = null, former_keys = former_keys || to_jsonb(key)
"""


class KeyMissingError(Exception):
    """The key that a log was signed with so far is not among those of this process; the message says which."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that signs, and the one it followed: that signs for the logs that do not know the new one yet."""

    current: Signer
    former: Signer | None = None

    @property
    def public(self) -> list[PublicKey]:
        """The public keys."""
        return [signer.key for signer in (self.current, self.former) if signer is not None]

    def signer(self, key: PublicKey) -> Signer:
        """Who signs with this key. Raises KeyMissingError."""
        for signer in (self.current, self.former):
            if signer is not None and signer.key == key:
                return signer
        raise KeyMissingError(
            f"the log is signed with the key {key.id}, and that is neither KAPOK_AUDIT_KEY ({self.current.key.id}) "
            "nor KAPOK_AUDIT_FORMER_KEY"
        )


def keyring_of(key: str, former_key: str = "") -> Keyring:
    """The keyring of the settings. Raises KeyFormatError, which names the variable."""
    return Keyring(
        _signer("KAPOK_AUDIT_KEY", key), _signer("KAPOK_AUDIT_FORMER_KEY", former_key) if former_key else None
    )


def _signer(variable: str, text: str) -> Signer:
    try:
        return read_signer(text)
    except KeyFormatError as exc:
        raise KeyFormatError(f"{variable}: {exc}") from None


def read_signer(text: str) -> Signer:
    """A signer of `-----BEGIN PRIVATE KEY-----...` or `command <public key> <program> <arguments>`. Raises
    KeyFormatError."""
    if not text.startswith(_COMMAND):
        return LocalSigner(KEY_NAME, text)
    try:
        public, *program = shlex.split(text.removeprefix(_COMMAND)) or [""]
    except ValueError as exc:
        raise KeyFormatError(f"the command cannot be read: {exc}") from None
    if not program:
        raise KeyFormatError("a command is given as: command <public key> <program> <arguments>")
    return CommandSigner(PublicKey.parse(public), program)


@transaction.atomic
def do_rotate_log_key(log: LogRef, keyring: Keyring, *, actor: str, lost: bool = False) -> bool:
    """Have the keyring's current key sign the log from now on: an event announces it, the former key seals that event,
    then the current one signs. lost: the former key is gone, so nothing proves that the new one follows it, and the
    event says so. Out: whether anything had to be done. Raises KeyMissingError, SigningError."""
    new = keyring.current.key
    with connection.cursor() as cursor:
        cursor.execute(log.sql(_LOCK))
        row = cursor.fetchone()
        if row is None or row[1] in ("", new.text) or (row[2] == new.text and not lost):
            return False
        origin, old = row[0], PublicKey.parse(row[1])
        details: dict[str, Any] = {"oldKeyId": old.id, "newKeyId": new.id, "newPublicKey": new.text, "lost": lost}
        if not lost:
            details["note"] = announce(origin, new, [keyring.signer(old)])
        record("audit.key_rotated", log=log, actor=actor, target=f"log:{origin}", details=details)
        if lost:
            cursor.execute(log.sql(_AT_ONCE), [new.text])
        else:
            cursor.execute(log.sql(_POSITION))
            cursor.execute(log.sql(_ANNOUNCED), [new.text, cursor.fetchone()[0]])
    return True
