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
from kapok.ledger.time_stamps import request_for
from kapok.ledger.verify import Expectations, verify
from tests.ledger import independent
from tests.ledger.logs import Log, change, edit, edited_lines
from tests.ledger.tampered import moved_border
from tests.time_authority import TimeAuthority

Edit = Callable[[bytes], bytes | None]


@pytest.fixture
def log() -> Log:
    """Thirteen entries and a change of keys."""
    log = Log()
    log.seal(change(number) for number in range(6))
    log.rotate()
    log.seal(change(number) for number in range(7, 13))
    return log


def test_time_stamps(log: Log, tmp_path: Path) -> None:
    """Of a real authority; one of another checkpoint, and one of another authority, both refuse."""
    notary, other = (TimeAuthority(tmp_path / name, name) for name in ("Notary", "Somebody"))
    stamps = {size: notary.answer(request_for(log.notes[size]).content) for size in (6, 13)}
    strange = {13: other.answer(request_for(log.notes[13]).content)}
    expected = Expectations([log.first_key], authorities=notary.certificates)
    path = log.bundle(tmp_path / "b.zip", stamps=stamps)
    independent.verify(str(path), [log.first_key.text], str(notary.root))
    assert verify(path, expected, processes=1).stamps.proven
    for wrong in ({13: stamps[6]}, strange):
        path = log.bundle(tmp_path / "b.zip", stamps=wrong)
        assert verify(path, expected, processes=1).outcome is not Outcome.VERIFIED
        with pytest.raises(subprocess.CalledProcessError):
            independent.verify(str(path), [log.first_key.text], str(notary.root))


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
        (bundle.ENTRIES, edited_lines(lambda lines: [moved_border(lines[0]), *lines[1:]])),
        (bundle.ENTRIES, edited_lines(lambda lines: lines[:-1])),
        (bundle.ENTRIES, edited_lines(lambda lines: [lines[1], lines[0], *lines[2:]])),
        (bundle.ENTRIES, lambda content: content.replace(b'"v":1', b'"v":1,"x":null', 1)),
        (bundle.LEAF_HASHES, lambda content: bytes(32) + content[32:]),
        (bundle.CHECKPOINTS, edited_lines(lambda lines: lines[:-1])),
        (bundle.FRONTIER, lambda content: content.replace(b'"size":0', b'"size":1')),
        (bundle.MANIFEST, lambda content: content.replace(b"payments", b"invoices")),
        (bundle.MANIFEST_NOTE, lambda content: content[:-20] + b"AAAA" + content[-16:]),
    ],
)
def test_both_refuse(log: Log, tmp_path: Path, name: str, change_it: Edit) -> None:
    covered = name not in (bundle.MANIFEST, bundle.MANIFEST_NOTE)
    path = edit(log.bundle(tmp_path / "b.zip"), {name: change_it}, cover_up=covered)
    trusted = log.first_key
    assert verify(path, Expectations([trusted]), processes=1).outcome is Outcome.TAMPERED
    ran = subprocess.run(
        [sys.executable, independent.__file__, path, trusted.text], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("not verified")
