"""Seals every log, round after round: which have something new, their entries, their checkpoints, their anchors.

In: the platform's connection string, keys, anchors. Out: sealed logs, and counts for metrics. What goes wrong with one
log is said there and does not stop the others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import psycopg
from django.db import Error as DjangoError
from django.db import close_old_connections

from apps.audit.anchoring import Anchoring, bring_to_anchors
from apps.audit.anchors import Anchor
from apps.audit.checkpointing import checkpoint
from apps.audit.keys import KeyMissingError, Keyring, do_rotate_log_key
from apps.audit.logs import LogRef, log_of
from apps.audit.manifests import SEALER, sign_manifests
from apps.audit.sealing_metrics import CHECKPOINTS, ENTRIES, FAILURES, LAG, WAITING
from apps.audit.sealing_problems import refuse_sealing
from apps.audit.sealing_state import Session, read_log
from apps.audit.search_index import index_batch
from apps.audit.sequencer import SealingError, seal_batch
from apps.audit.time_stamps import Stamping
from kapok.ledger.keys import SigningError

log_lines = logging.getLogger("kapok.audit")

#: Most batches of one log in one round, so that a busy log does not keep the others waiting.
BATCHES = 20
#: How often new logs are looked for, and how often every log is looked at, in seconds.
DISCOVER_SECONDS, FULL_SECONDS = 5.0, 600.0
#: How long a connection is used, in seconds: its backend never forgets a table it has seen, and there are a dozen in
#: every tenant.
SESSION_SECONDS = 1800.0

# The identity sequences of what is sealed, by log. Only what the platform owns counts: a tenant's owner could make
# tables of these names in a schema of its own.
_SEQUENCES = """
    select n.nspname, s.oid::bigint
    from pg_class t
    join pg_namespace n on n.oid = t.relnamespace
    join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.deptype in ('a', 'i')
    join pg_class s on d.classid = 'pg_class'::regclass and s.oid = d.objid and s.relkind = 'S'
    where t.relname in ('kapok_change', 'kapok_event') and pg_has_role(t.relowner, 'usage')
      and exists (select from pg_class l where l.relname = 'kapok_log' and l.relnamespace = n.oid)
"""
_POSITIONS = """
    select wanted, coalesce(pg_sequence_last_value(s.oid), 0) from unnest(%s::bigint[]) wanted
    join pg_class s on s.oid = wanted::oid
"""
# The next transaction's id, by taking it: a snapshot's xmax may be below those of transactions that run.
_NEXT_XID = "select pg_current_xact_id()::text::bigint"


class Sealer:
    """Seals over one connection. Two of them do no harm: a log that one has is left out by the other."""

    def __init__(
        self, conninfo: str, keyring: Keyring, anchors: Sequence[Anchor], stamping: Stamping | None = None
    ) -> None:
        self._conninfo, self._keyring, self._anchors = conninfo, keyring, anchors
        self._anchoring, self._stamping = Anchoring(conninfo, anchors), stamping
        self._session: Session | None = None
        self._opened = 0.0
        self._sequences: dict[int, str] = {}
        self._positions: dict[int, int] = {}
        #: Logs whose sequences had moved when they were looked at last.
        self._moved: set[str] = set()
        #: Logs with something to seal: below which transaction id, and since when.
        self._waiting: dict[str, tuple[int, float]] = {}
        #: Logs with entries that may not be searchable yet.
        self._unindexed: dict[str, None] = {}
        self._discovered = self._full = float("-inf")

    def round(self) -> int:
        """Seal what there is, and sign what exports wait for. Out: how many entries. Raises psycopg.OperationalError
        when the database is away."""
        session = self._connected()
        self._look(session)
        entries = 0
        for schema in list(self._waiting):
            entries += self._seal(session, log_of(schema))
        self.sign_manifests()
        WAITING.set(len(self._waiting))
        LAG.set(time.monotonic() - min((since for _, since in self._waiting.values()), default=time.monotonic()))
        return entries

    def sign_manifests(self) -> None:
        """Sign what exports wait for. Raises psycopg.OperationalError when the database is away."""
        sign_manifests(self._connected(), self._keyring, set(self._sequences.values()))

    def index(self, until: float = float("inf")) -> None:
        """Make what is sealed searchable, log by log in turn, until the clock (time.monotonic) says so; one batch at
        least. Raises psycopg.OperationalError when the database is away."""
        session = self._connected()
        while self._unindexed:
            schema = next(iter(self._unindexed))
            del self._unindexed[schema]
            try:
                if index_batch(session, log_of(schema)):
                    self._unindexed[schema] = None
            except psycopg.Error as exc:
                if session.closed:
                    raise
                log_lines.warning("the log %s could not be made searchable now", schema, exc_info=exc)
            if time.monotonic() >= until:
                return

    def drain(self, seconds: float) -> bool:
        """Wait for what is done beside sealing, at most so long. Out: whether it was done."""
        anchored = self._anchoring.drain(seconds)
        return anchored and (self._stamping is None or self._stamping.drain(seconds))

    def close(self) -> None:
        """Close the connections."""
        self._anchoring.close()
        if self._stamping is not None:
            self._stamping.close()
        if self._session is not None:
            self._session.close()

    def _connected(self) -> Session:
        if self._session is not None and time.monotonic() - self._opened >= SESSION_SECONDS:
            self._session.close()
        if self._session is None or self._session.closed:
            self._opened = time.monotonic()
            self._session = psycopg.connect(self._conninfo, autocommit=True, application_name=SEALER)
            # What counts is what is committed at each statement, whatever the role's default is.
            self._session.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return self._session

    def _look(self, session: Session) -> None:
        """Find out which logs have something new: their sequences moved. A transaction that moved one may still run, so
        a log waits until the horizon has passed every transaction there was at that moment."""
        now = time.monotonic()
        if now - self._discovered >= DISCOVER_SECONDS:
            self._sequences = {oid: schema for schema, oid in session.execute(_SEQUENCES).fetchall()}
            self._positions = {oid: at for oid, at in self._positions.items() if oid in self._sequences}
            there = set(self._sequences.values())
            self._waiting = {schema: one for schema, one in self._waiting.items() if schema in there}
            self._discovered = now
        positions: dict[int, int] = dict(session.execute(_POSITIONS, [list(self._sequences)]).fetchall())
        row = session.execute(_NEXT_XID).fetchone()
        assert row is not None
        moved = {self._sequences[oid] for oid, position in positions.items() if position != self._positions.get(oid)}
        # A transaction moves a sequence a moment before it has an id: what moved the last time counts once more.
        noticed = moved | self._moved
        if now - self._full >= FULL_SECONDS:
            noticed, self._full = set(self._sequences.values()), now
        for schema in noticed & set(self._sequences.values()):
            since = self._waiting[schema][1] if schema in self._waiting else now
            self._waiting[schema] = (row[0], since)
        self._positions, self._moved = positions, moved

    def _seal(self, session: Session, log: LogRef) -> int:
        try:
            entries, horizon = _sealed(session, log)
            signed = self._sign(session, log)
        except (SealingError, ValueError, psycopg.Error, DjangoError, OSError) as exc:
            if session.closed:
                raise
            FAILURES.inc()
            self._failed(session, log, exc)
            return 0
        ENTRIES.inc(entries)
        self._unindexed[log.schema] = None
        if signed and horizon >= self._waiting[log.schema][0]:
            del self._waiting[log.schema]
        return entries

    def _sign(self, session: Session, log: LogRef) -> bool:
        """Out: False while an anchor far away has not said yet what the log has to extend."""
        if not self._anchoring.known(session, log):
            return False
        if checkpoint(session, log, self._keyring, self._anchors):
            CHECKPOINTS.inc()
        state = read_log(session, log)
        if state is None:
            return True
        if state.key not in (None, self._keyring.current.key) and state.next_key != self._keyring.current.key:
            close_old_connections()
            try:
                do_rotate_log_key(log, self._keyring, actor="system")
            except (KeyMissingError, SigningError) as exc:
                refuse_sealing(session, log, str(exc), state.size)
        if self._stamping is not None:
            self._stamping.soon(log)
        self._anchoring.bring(session, log)
        return True

    def _failed(self, session: Session, log: LogRef, exc: Exception) -> None:
        """A tenant may have been deleted meanwhile; anything else is said."""
        if isinstance(exc, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
            self._discovered = float("-inf")
        elif isinstance(exc, SealingError | ValueError):
            refuse_sealing(session, log, str(exc))
        else:
            # What an anchor says is a sentence, and comes again with every round.
            trace = None if isinstance(exc, OSError) else exc
            log_lines.warning("the log %s could not be sealed now: %s", log.origin, exc, exc_info=trace)


def schemas_of_logs(session: Session) -> list[str]:
    """The schemas that have a log."""
    return sorted({schema for schema, _ in session.execute(_SEQUENCES).fetchall()})


def seal_up_to_now(session: Session, log: LogRef, keyring: Keyring, anchors: Sequence[Anchor] = ()) -> bool:
    """Seal everything that was committed before this call, then sign. Out: whether all of it is under a checkpoint;
    False while another process is at it or a transaction from before still runs. Raises SealingError, psycopg.Error."""
    row = session.execute(_NEXT_XID).fetchone()
    assert row is not None
    _, horizon = _sealed(session, log)
    checkpoint(session, log, keyring, anchors)
    bring_to_anchors(session, log, anchors)
    last = read_log(session, log)
    return horizon >= row[0] and last is not None and not last.sealing_problem


def _sealed(session: Session, log: LogRef) -> tuple[int, int]:
    """Seal at most BATCHES batches. Out: how many entries, and the transaction id below which nothing is left."""
    entries = 0
    for _ in range(BATCHES):
        sealed = seal_batch(session, log)
        if sealed is None:
            return entries, 0
        entries += sealed.entries
        if not sealed.more:
            return entries, sealed.horizon
    return entries, 0
