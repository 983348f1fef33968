"""The documentation is enough to write a verifier: the one made from it says what ours says."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kapok.ledger import bundle
from kapok.ledger.lines import encode, withhold
from kapok.ledger.problems import Outcome
from kapok.ledger.verify import Expectations, verify
from tests.ledger import independent
from tests.ledger.logs import Log, change, edit, edited_lines

Edit = Callable[[bytes], bytes | None]


@pytest.fixture
def log() -> Log:
    """Thirteen entries and a change of keys."""
    log = Log()
    log.seal(change(number) for number in range(6))
    log.rotate()
    log.seal(change(number) for number in range(7, 13))
    return log


def test_it_shares_nothing_with_ours() -> None:
    tree = ast.parse(Path(independent.__file__).read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in names if name and name.startswith("kapok")}


@pytest.mark.parametrize(("first", "last"), [(0, 13), (6, 13), (7, 13), (13, 13)])
def test_both_verify(log: Log, tmp_path: Path, first: int, last: int) -> None:
    lines = [encode(index, log.sealed[index]) for index in range(13)]
    lines[8] = encode(8, log.sealed[8].erase(["after.note"]))
    lines[9] = encode(9, withhold(log.sealed[9]))
    path = log.bundle(tmp_path / "b.zip", first, last, lines=lines[first:last])
    trusted = log.first_key
    independent.verify(str(path), [trusted.text])
    assert verify(path, Expectations([trusted]), processes=1).outcome is Outcome.VERIFIED


@pytest.mark.parametrize(
    ("name", "change_it"),
    [
        (bundle.ENTRIES, lambda content: content.replace(b"10.50", b"10.51", 1)),
        (bundle.ENTRIES, edited_lines(lambda lines: lines[:-1])),
        (bundle.ENTRIES, edited_lines(lambda lines: [lines[1], lines[0], *lines[2:]])),
        (bundle.ENTRIES, lambda content: content.replace(b'"v":1', b'"v":1,"x":null', 1)),
        (bundle.LEAF_HASHES, lambda content: bytes(32) + content[32:]),
        (bundle.CHECKPOINTS, edited_lines(lambda lines: lines[:-1])),
        (bundle.FRONTIER, lambda content: content.replace(b'"size":0', b'"size":1')),
    ],
)
def test_both_refuse(log: Log, tmp_path: Path, name: str, change_it: Edit) -> None:
    path = edit(log.bundle(tmp_path / "b.zip"), {name: change_it})
    trusted = log.first_key
    assert verify(path, Expectations([trusted]), processes=1).outcome is Outcome.TAMPERED
    ran = subprocess.run(
        [sys.executable, independent.__file__, path, trusted.text], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("not verified")
