"""The sealer as a process: what it needs, what it does until SIGTERM, and what it says without a key."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from django.conf import settings
from prometheus_client import REGISTRY

from config import sealing_process
from config.env import read
from kapok.ledger.checkpoints import Note
from kapok.ledger.signing import LocalSigner, new_private_key
from tests.audit.sealed_log import SealedLog, committed
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("transactional_db")

COMMAND = (sys.executable, "-m", "config.sealer")


@pytest.fixture
def env(sealed: SealedLog, tmp_path: Path) -> dict[str, str]:
    """The tests' database, a key in a file, an anchor."""
    key = tmp_path / "audit.pem"
    key.write_text(new_private_key())
    database = urlsplit(settings.DATABASE_URL)._replace(path=f"/{settings.DATABASES['default']['NAME']}").geturl()
    return {
        **os.environ,
        "DATABASE_URL": database,
        "KAPOK_AUDIT_KEY_FILE": str(key),
        "KAPOK_AUDIT_ANCHORS": str(sealed.anchor_path),
        "KAPOK_AUDIT_SECONDS": "0.1",
    }


Run = Callable[..., Result]


@pytest.fixture
def run(sealed: SealedLog, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, here and not in a process of its own, until it ends by itself."""

    def run(*arguments: str, **more: str) -> Result:
        monkeypatch.setattr(sealing_process, "ENV", read({**env, **more}))
        return committed(lambda: CliRunner().invoke(sealing_process.main, arguments))

    return run


def test_it_seals_until_it_is_told_to_stop(sealed: SealedLog, env: dict[str, str]) -> None:
    process = subprocess.Popen(COMMAND, env=env)
    try:
        for changes in (3, 5):
            sealed.fill(changes - sealed.size)
            until(lambda: sealed.value("select max(size) from {schema}.kapok_checkpoint") == changes)  # noqa: B023
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_it_counts_what_it_does(sealed: SealedLog, run: Run) -> None:
    names = ("kapok_sealed_entries_total", "kapok_checkpoints_total")
    counted = [REGISTRY.get_sample_value(name) or 0.0 for name in names]
    sealed.fill(4)
    run("--once")
    again = [REGISTRY.get_sample_value(name) or 0.0 for name in names]
    assert [now - before for now, before in zip(again, counted, strict=True)] == [4.0, 1.0]
    assert REGISTRY.get_sample_value("kapok_sealing_lag_seconds") is not None


def test_without_a_key_it_says_what_to_do(sealed: SealedLog, env: dict[str, str], run: Run) -> None:
    sealed.fill(1)
    del env["KAPOK_AUDIT_KEY_FILE"]
    assert "KAPOK_AUDIT_KEY_FILE=" in str(run("--once").exception) and isinstance(run().exception, SystemExit)
    said = run("--once", KAPOK_AUDIT_KEY="not a key").exception
    assert isinstance(said, SystemExit) and "KAPOK_AUDIT_KEY: this is not" in str(said)
    assert sealed.size == 0


@pytest.mark.parametrize("option", ["--begin-anew", "--search-anew"])
def test_a_schema_without_a_log_is_said(run: Run, option: str) -> None:
    done = run(option, "t_nobody")
    assert done.exit_code == 2 and "no log in a schema 't_nobody'" in done.output


@pytest.mark.parametrize("key", ["command ", "command x 'sign", "command kapok+00+AA"])
def test_a_command_that_is_none_is_said(run: Run, env: dict[str, str], key: str) -> None:
    del env["KAPOK_AUDIT_KEY_FILE"]
    done = run("--once", KAPOK_AUDIT_KEY=key)
    assert isinstance(done.exception, SystemExit) and "does not start: KAPOK_AUDIT_KEY" in str(done.exception)


def test_a_lost_key(sealed: SealedLog, run: Run, tmp_path: Path) -> None:
    """Another key signs nothing until somebody says that the former one is lost; the log says so for ever."""
    sealed.fill(1)
    assert run("--once").exit_code == 0
    new = new_private_key()
    (tmp_path / "audit.pem").write_text(new)
    key = LocalSigner("kapok-audit", new).key
    sealed.fill(1)
    run("--once")
    assert key.id in sealed.problem
    done = run("--lost-key")
    assert done.exit_code == 0 and f"1 logs are signed with {key.text}" in done.output
    run("--once")
    assert sealed.problem == ""
    assert sealed.sql("select details ->> 'lost', details ? 'note' from {schema}.kapok_event where action = 901") == [
        ("true", False)
    ]
    assert sealed.value("select key_id from {schema}.kapok_checkpoint order by size desc limit 1") == key.id
    assert len(sealed.value("select former_keys from {schema}.kapok_log")) == 1


def test_a_command_that_signs(sealed: SealedLog, run: Run, tmp_path: Path) -> None:
    """For a key management service: the private key is the program's; what it prints is checked."""
    private = new_private_key()
    public = LocalSigner("kapok-audit", private).key
    (tmp_path / "private.pem").write_text(private)
    program = tmp_path / "sign.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom kapok.ledger.signing import LocalSigner\n"
        "signer = LocalSigner('kapok-audit', Path(sys.argv[1]).read_text())\n"
        "sys.stdout.buffer.write(signer.sign(sys.stdin.buffer.read()))\n"
    )
    command = shlex.join(["command", public.text, sys.executable, str(program), str(tmp_path / "private.pem")])
    sealed.fill(1)
    assert run("--once", KAPOK_AUDIT_KEY=command).exit_code == 0
    note = Note.parse(sealed.value("select note from {schema}.kapok_checkpoint"))
    assert note.signed_by([public]) == [public]
    (tmp_path / "private.pem").write_text(new_private_key())
    sealed.fill(1)
    run("--once", KAPOK_AUDIT_KEY=command)
    assert "not a signature of this key" in sealed.problem
    assert sealed.value("select count(*) from {schema}.kapok_checkpoint") == 1


def test_what_is_sealed_is_searchable_and_that_can_be_made_anew(sealed: SealedLog, run: Run) -> None:
    """By --once as by the process; --search-anew needs no key."""
    sealed.fill(3, 2)
    run("--once")
    made = sealed.sql("select index, who, object, request from {schema}.kapok_search order by index")
    assert [row[0] for row in made] == [0, 1, 2, 3, 4]
    sealed.sql("update {schema}.kapok_search set who = 7")
    done = run("--search-anew", sealed.schema, KAPOK_AUDIT_KEY="")
    assert (done.exit_code, done.output) == (0, "5 entries are searchable.\n")
    assert sealed.sql("select index, who, object, request from {schema}.kapok_search order by index") == made
