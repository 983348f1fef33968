"""Time stamps of checkpoints by an authority outside (RFC 3161): now and then the newest one of each log.

In: KAPOK_AUDIT_TSA_*, logs that were signed. Out: the authority's answers, beside their checkpoints in the database and
in the anchors. Threads of their own ask: an authority that is slow or away delays nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import httpx
from cryptography.x509 import Certificate

from apps.audit.anchors import Anchor, AnchorForkedError
from apps.audit.background import Background
from apps.audit.logs import LogRef
from apps.audit.sealing_state import Session, read_log
from kapok.ledger.time_stamps import MAX_STAMP_BYTES, TimeStampError, prove_stamp, read_stamp, request_for

log_lines = logging.getLogger("kapok.audit")

#: How long an authority may take, and is left alone when it did not answer as it should, in seconds.
ANSWER_SECONDS, AWAY_SECONDS = 10.0, 60.0
#: How many logs are stamped at once.
THREADS = 2

_HEADERS = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}
_NEWEST = """
    select size, note, time_stamp is not null from {schema}.kapok_checkpoint order by size desc limit 1
"""
_REST = """
    select extract(epoch from max(at) - clock_timestamp())::float8 + %s from {schema}.kapok_checkpoint
    where at > clock_timestamp() - make_interval(secs => %s) and time_stamp is not null
"""
_KEEP = "update {schema}.kapok_checkpoint set time_stamp = %s where size = %s and note = %s and time_stamp is null"


class AuthorityAwayError(OSError):
    """The authority gave no time stamp; the message says why."""


class Authority:
    """Who stamps. It may be asked by several threads."""

    def __init__(self, url: str, certificates: Sequence[Certificate] = (), policy: str = "") -> None:
        """certificates: those that must vouch for it; none: its answers are not checked here. policy: the OID that its
        answers must have; "" for any. Raises ValueError for what is no URL."""
        if not url.startswith(("http://", "https://")):
            raise ValueError("the URL of a time stamp authority begins with http:// or https://")
        whole = httpx.URL(url)
        self.name = whole.host
        # Every request's URL is logged.
        self._url = whole.copy_with(userinfo=b"")
        self._auth = httpx.BasicAuth(whole.username, whole.password) if whole.userinfo else None
        self._certificates, self._policy = certificates, policy
        self._lock = threading.Lock()
        self._away_until, self._why = float("-inf"), ""

    def stamp(self, note: str) -> bytes:
        """Its answer over a note: a TimeStampResp in DER, with the nonce, over this note, of the policy. Raises
        AuthorityAwayError; then it is not asked for AWAY_SECONDS."""
        with self._lock:
            if time.monotonic() < self._away_until:
                raise AuthorityAwayError(self._why)
        try:
            return self._asked(note)
        except (httpx.HTTPError, TimeStampError) as exc:
            why = str(exc) if isinstance(exc, TimeStampError) else type(exc).__name__
            with self._lock:
                self._why = f"no time stamp of {self.name}: {why}"
                self._away_until = time.monotonic() + AWAY_SECONDS
            log_lines.warning("%s; it is asked again in %g seconds", self._why, AWAY_SECONDS)
            raise AuthorityAwayError(self._why) from None

    def _asked(self, note: str) -> bytes:
        request = request_for(note)
        with httpx.stream(
            "POST", self._url, content=request.content, headers=_HEADERS, auth=self._auth, timeout=ANSWER_SECONDS
        ) as said:
            if said.status_code != httpx.codes.OK:
                raise TimeStampError(f"it answers with {said.status_code}")
            answer = b""
            for part in said.iter_bytes():
                answer += part
                if len(answer) > MAX_STAMP_BYTES:
                    raise TimeStampError(f"its answer has more than {MAX_STAMP_BYTES} bytes")
        if self._certificates:
            stamp = prove_stamp(answer, note, self._certificates, request.nonce)
        else:
            stamp = read_stamp(answer, note, request.nonce)
        if self._policy and stamp.policy != self._policy:
            raise TimeStampError(f"its policy is {stamp.policy}")
        return answer


class Stamping:
    """Has the newest checkpoint of each log stamped, so many seconds after the one before."""

    def __init__(self, conninfo: str, authority: Authority, every: float, anchors: Sequence[Anchor] = ()) -> None:
        self._authority, self._every, self._anchors = authority, every, anchors
        self._background = Background("time stamps", conninfo, self._act, THREADS)
        #: What the anchors do not have yet, by the log's schema: origin, size, note, answer.
        self._unanchored: dict[str, list[tuple[str, int, str, bytes]]] = {}

    def soon(self, log: LogRef) -> None:
        """The log may have a new checkpoint."""
        self._background.soon(log)

    def drain(self, seconds: float) -> bool:
        """Wait until no stamp is due now, at most so long."""
        return self._background.drain(seconds)

    def close(self) -> None:
        """End the threads."""
        self._background.close()

    def _act(self, session: Session, log: LogRef) -> float | None:
        again = self._stamp(session, log)
        self._bring(log)
        return again

    def _stamp(self, session: Session, log: LogRef) -> float | None:
        state, newest = read_log(session, log), session.execute(log.sql(_NEWEST)).fetchone()
        if state is None or newest is None or newest[2]:
            return None
        size, note, _ = newest
        row = session.execute(log.sql(_REST), [self._every, self._every]).fetchone()
        if row is not None and row[0] is not None and row[0] > 0:
            return float(row[0])
        answer = self._authority.stamp(note)
        if session.execute(log.sql(_KEEP), [answer, size, note]).rowcount:
            self._unanchored.setdefault(log.schema, []).append((state.origin, size, note, answer))
        return None

    def _bring(self, log: LogRef) -> None:
        """The stamp lies beside its note: an anchor far away may not have that one."""
        waiting = self._unanchored.get(log.schema, [])
        while waiting:
            origin, size, note, answer = waiting[0]
            for anchor in self._anchors:
                # A fork is found, and said, where checkpoints are brought.
                with suppress(AnchorForkedError):
                    anchor.put(origin, size, note)
                    anchor.put_stamp(origin, size, answer)
            del waiting[0]
