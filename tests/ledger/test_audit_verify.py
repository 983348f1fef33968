"""`kapok audit verify`: what it prints, how it ends, and that it asks nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kapok.cli import audit_verify, main
from kapok.ledger import bundle
from kapok.ledger.checkpoints import sign
from kapok.ledger.signing import LocalSigner, new_private_key
from tests.ledger.command import Ran, Run
from tests.ledger.logs import ORIGIN, Log, at, change, edit, state_of

#: What an auditor's machine need not have.
FOREIGN = ("django", "psycopg", "redis", "celery", "httpx", "asyncio", "rest_framework")


@pytest.fixture(scope="module")
def log() -> Log:
    log = Log()
    log.seal(change(number) for number in range(20))
    log.seal(change(number) for number in range(20, 30))
    return log


@pytest.fixture
def path(log: Log, tmp_path: Path) -> Path:
    return log.bundle(tmp_path / "acme.zip")


def facts(ran: Ran) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ran.out)
    return read


def test_verified(kapok: Run, log: Log, path: Path) -> None:
    ran = kapok(path, "--trusted-key", log.signer.key.text)
    assert (ran.code, ran.err) == (0, "")
    assert "VERIFIED\n" in ran.out
    assert ORIGIN in ran.out
    assert "30 looked at" in ran.out
    assert f"{log.signer.key.text} (trusted)" in ran.out


def test_verified_as_json(kapok: Run, log: Log, path: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(f"# by telephone\n{log.signer.key.text}\n")
    ran = kapok(path, "-k", tmp_path / "keys.txt", "--output", "json")
    assert (ran.code, ran.err) == (0, "")
    assert facts(ran) == {
        "outcome": "verified",
        "origin": ORIGIN,
        "createdAt": "2026-11-21T09:00:00+00:00",
        "range": {
            "from": None, "to": None, "firstSize": 0, "lastSize": 30, "sealedAfter": None, "sealedUpTo": at(29),
        },
        "selection": {"tables": "payments"},
        "entries": {"lookedAt": 30, "withheld": 0, "erased": 0, "gone": 0, "expiredBefore": None},
        "checkpoints": 2,
        "anchors": 0,
        "timeStamps": {"count": 0, "authorities": [], "lastSize": 0, "lastAt": None, "proven": False},
        "manifestSigned": True,
        "keys": [{"key": log.signer.key.text, "trusted": True}],
        "problems": [],
        "notices": [],
    }  # fmt: skip


def test_tampered(kapok: Run, log: Log, path: Path) -> None:
    edit(path, {bundle.ENTRIES: lambda content: content.replace(b"10.50", b"99.50")})
    ran = kapok(path, "-k", log.signer.key.text)
    assert ran.code == 1
    assert "TAMPERED WITH" in ran.out
    assert f"ENTRY_CHANGED: Entry 0 (payments, insert, {at(0)}) is not what was sealed." in ran.out
    assert "VERIFIED" not in ran.out
    ran = kapok(path, "-k", log.signer.key.text, "-o", "json")
    assert ran.code == 1
    assert facts(ran)["problems"][0] == {
        "code": "ENTRY_CHANGED", "index": 0, "table": "payments", "at": at(0),
        "message": f"Entry 0 (payments, insert, {at(0)}) is not what was sealed.",
    }  # fmt: skip


def test_nobody_vouched_for_the_key(kapok: Run, log: Log, path: Path) -> None:
    ran = kapok(path)
    assert ran.code == 3
    assert "NOT TRUSTED" in ran.out
    assert "No trusted key was given" in ran.out
    assert f"{log.signer.key.text} (not trusted)" in ran.out
    other = LocalSigner("kapok.test", new_private_key()).key
    ran = kapok(path, "-k", other.text)
    assert ran.code == 3
    assert log.signer.key.text in ran.out


def test_not_a_bundle(kapok: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear auditor")
    ran = kapok(tmp_path / "letter.txt")
    assert (ran.code, ran.out) == (2, "")
    assert "letter.txt cannot be read as an audit bundle: the file is not a zip, or was cut off." in ran.err
    ran = kapok(tmp_path / "letter.txt", "-o", "json")
    assert ran.code == 2
    assert json.loads(ran.err)["error"]["code"] == "BUNDLE_UNREADABLE"
    assert kapok(tmp_path / "nothing.zip").code == 2


@pytest.mark.parametrize("key", ["nonsense", "a+b+c", "x" * 5000, "keys.txt"])
def test_what_is_no_key(kapok: Run, path: Path, tmp_path: Path, key: str) -> None:
    (tmp_path / "keys.txt").write_text("# none\n")
    ran = kapok(path, "-k", key)
    assert (ran.code, ran.out) == (2, "")
    assert "key" in ran.err


def test_the_wrong_log(kapok: Run, log: Log, path: Path) -> None:
    assert kapok(path, "-k", log.signer.key.text, "--origin", ORIGIN).code == 0
    ran = kapok(path, "-k", log.signer.key.text, "--origin", "kapok.test/tenants/globex")
    assert ran.code == 1
    assert "WRONG_LOG" in ran.out


def test_the_times_that_must_be_covered(kapok: Run, log: Log, path: Path) -> None:
    trusted = ("-k", log.signer.key.text)
    assert kapok(path, *trusted, "--from", "2020-01-01", "--to", "2026-11-21T09:00:20Z").code == 0
    ran = kapok(path, *trusted, "--to", "2026-11-21T11:01+01:00")
    assert ran.code == 1
    assert "RANGE_NOT_COVERED" in ran.out
    assert kapok(path, *trusted, "--to", "tomorrow").code == 2
    assert kapok(path, *trusted, "--from", "0001-01-01T00:00+20:00").code == 2


def test_anchors(kapok: Run, log: Log, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = ("-k", log.signer.key.text)
    folder = tmp_path / "anchors" / "acme"
    folder.mkdir(parents=True)
    for size, note in log.notes.items():
        (folder / f"{size:019d}.checkpoint").write_text(note)
    (folder / "notes.txt").write_text("not for us")
    assert "agrees with 2 anchors" in kapok(path, *trusted, "--anchor", tmp_path / "anchors").out
    one = folder / f"{20:019d}.checkpoint"
    assert "agrees with 1 anchors" in kapok(path, *trusted, "--anchor", one).out
    monkeypatch.setattr(audit_verify, "MAX_ANCHORS", 1)
    assert "agrees with 2 anchors" in kapok(path, *trusted, "--anchor", tmp_path / "anchors").out

    one.write_text(sign(replace(state_of(log.notes[20]), root=bytes(32)).text, [log.signer]))
    ran = kapok(path, *trusted, "--anchor", tmp_path / "anchors")
    assert ran.code == 1
    assert "FORKED" in ran.out
    one.write_text("nothing of this kind")
    ran = kapok(path, *trusted, "--anchor", one)
    assert (ran.code, ran.out) == (2, "")
    assert "is not a checkpoint" in ran.err
    (tmp_path / "empty").mkdir()
    ran = kapok(path, *trusted, "--anchor", tmp_path / "empty")
    assert (ran.code, ran.out) == (2, "") and "there is no *.checkpoint" in ran.err


def test_nothing_from_a_bundle_reaches_the_terminal_as_a_command(kapok: Run, tmp_path: Path) -> None:
    log = Log("kapok.test/\x9b2Jtenants")
    log.seal([change(1)])
    path = log.bundle(tmp_path / "b.zip")
    edit(path, {bundle.ENTRIES: lambda content: content.replace(b'"payments"', '"\x1b[2J\u202epayments"'.encode())})
    edit(path, {bundle.ENTRIES: lambda content: content.replace(b"\x1b", b"\\u001b")})
    ran = kapok(path, "-k", log.signer.key.text)
    assert ran.code == 1
    assert not {"\x1b", "\x9b", "\u202e"} & set(ran.out + ran.err)


def test_it_asks_nobody_and_needs_nothing_of_the_server(log: Log, path: Path, tmp_path: Path) -> None:
    """In a process of its own, in which every connection fails."""
    script = f"""
import sys
def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise RuntimeError(event)
sys.addaudithook(refuse)
sys.argv = ["kapok", "audit", "verify", {str(path)!r}, "-k", {log.signer.key.text!r}]
from kapok.cli.main import main
try:
    main()
finally:
    print([name for name in {FOREIGN!r} if name in sys.modules])
"""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(Path(main.__file__).parents[2])}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith("in its place.\n[]\n")
