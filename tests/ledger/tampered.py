"""A log and what the verifier says of its bundles. In: a bundle that something was done to. Out: problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from kapok.ledger.entries import salt_of
from kapok.ledger.problems import Code, Outcome, Problem
from kapok.ledger.signing import LocalSigner
from kapok.ledger.verify import Expectations, Verification, verify
from tests.ledger.logs import (
    ORIGIN,
    Log,
    change,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.

FIRST, LAST = 10, 60
Lines = list[bytes]


def made_log(signer: LocalSigner | None = None, origin: str = ORIGIN) -> Log:
    log = Log(origin, signer)
    for begin, end in ((0, 10), (10, 25), (25, 40), (40, 60)):
        log.seal(change(number) for number in range(begin, end))
    return log


def check(path: Path, log: Log, **expected: Any) -> Verification:
    return verify(path, Expectations(**{"trusted": [log.signer.key], **expected}), processes=1)


def found(path: Path, log: Log, **expected: Any) -> Problem:
    """The first problem of a bundle that was tampered with."""
    result = check(path, log, **expected)
    assert result.outcome is Outcome.TAMPERED
    return result.problems[0]


def codes(result: Verification) -> set[Code]:
    return {problem.code for problem in result.problems}


def moved_border(line: bytes) -> bytes:
    """The amount 10.50 becomes 0.50, and its salt longer by the 1: what is hashed is the same."""
    read = orjson.loads(line)
    seed = bytes.fromhex(read.pop("seed"))
    salts = {path: salt_of(seed, path) for path in read["private"]}
    salts["after.amount"] += read["private"]["after.amount"][:1].encode()
    read["private"]["after.amount"] = read["private"]["after.amount"][1:]
    read["salts"] = {path: salt.hex() for path, salt in salts.items()}
    return orjson.dumps(read, option=orjson.OPT_SORT_KEYS)


def changed_value(line: bytes) -> bytes:
    return line.replace(b"10.50", b"99.50")
