"""What authorities outside say of when a bundle's checkpoints were there.

In: checkpoints with time stamps, the certificates of the authorities that the auditor trusts. Out: problems, and
`Stamps`: how many there are, the last one, by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.x509 import Certificate

from kapok.ledger.contents import SignedCheckpoint
from kapok.ledger.problems import Code, Problem
from kapok.ledger.time_stamps import AuthorityUnknownError, TimeStamp, TimeStampError, prove_stamp, read_stamp


@dataclass(frozen=True, slots=True)
class Stamps:
    """The time stamps of a bundle. proven: whether an authority was trusted, and vouches for all of them. last_at: the
    time of the latest checkpoint that has one, last_size: its size."""

    count: int = 0
    authorities: tuple[str, ...] = ()
    last_at: str | None = None
    last_size: int = 0
    proven: bool = False
    problems: list[Problem] = field(default_factory=list)


def check_stamps(checkpoints: Sequence[SignedCheckpoint], trusted: Sequence[Certificate]) -> Stamps:
    """Look at each of them. Without a trusted certificate, only whether they speak of their checkpoints."""
    found: list[tuple[int, TimeStamp]] = []
    problems = []
    stamped = [one for one in checkpoints if one.stamp is not None]
    for one in stamped:
        what = f"The time stamp of the checkpoint of {one.checkpoint.size} entries ({one.checkpoint.at})"
        try:
            found.append((one.checkpoint.size, _stamp(one, trusted)))
        except AuthorityUnknownError as exc:
            problems.append(Problem(Code.TIME_STAMP_UNKNOWN, f"{what} is not proven: {exc}."))
        except TimeStampError as exc:
            problems.append(Problem(Code.TIME_STAMP_INVALID, f"{what} is not genuine: {exc}."))
    if not found:
        return Stamps(len(stamped), problems=problems)
    size, last = found[-1]
    authorities = tuple(sorted({stamp.authority for _, stamp in found}))
    return Stamps(len(stamped), authorities, last.at, size, bool(trusted) and not problems, problems)


def _stamp(signed: SignedCheckpoint, trusted: Sequence[Certificate]) -> TimeStamp:
    assert signed.stamp is not None
    note = signed.note.written
    return prove_stamp(signed.stamp, note, trusted) if trusted else read_stamp(signed.stamp, note)
