"""Whatever ends the owner of a stack, its servers end too, and the next start finds the data."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from kapok.stack.process import Command, GuardedProcess
from kapok.stack.stack import EmbeddedStack
from tests.stack.conftest import OWNER, REPOSITORY
from tests.stack.owner import FAST
from tests.stack.processes import alive, descendants, wait_until_gone
from tests.waiting import until


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda signum: signum.name)
def test_a_signal_to_the_owner_leaves_no_process(own, state_dir: Path, signum: signal.Signals) -> None:
    owner = own({"state_dir": str(state_dir)})
    assert len(owner.processes) > 4
    owner.end(signum)
    assert not wait_until_gone(owner.processes)
    assert "database system is shut down" in (state_dir / "postgres.log").read_text().splitlines()[-1]


def test_kill_9_of_the_owner_leaves_no_process_and_the_next_start_waits_for_that(own, state_dir: Path) -> None:
    owner = own({"state_dir": str(state_dir)})
    with psycopg.connect(owner.started["database"], autocommit=True) as connection:
        connection.execute("create table survivor as select 42 as answer")
    owner.end(signal.SIGKILL)
    # At once: the guards are still at work, and hold the lock.
    with EmbeddedStack(state_dir, postgres_options=FAST) as stack:
        assert not alive(owner.processes)
        with psycopg.connect(stack.database_url) as connection:
            assert connection.execute("select answer from survivor").fetchone() == (42,)


def test_kill_9_of_a_temporary_stack_leaves_no_file(own, own_state_dir: Path) -> None:
    owner = own({"state_dir": str(own_state_dir), "temporary": True})
    owner.end(signal.SIGKILL)
    assert not wait_until_gone(owner.processes)
    assert not own_state_dir.exists()


def test_a_fork_of_the_owner_does_not_keep_the_servers_alive(own, state_dir: Path) -> None:
    owner = own({"state_dir": str(state_dir), "fork": True})
    fork = owner.started["fork"]
    servers = {process for process in owner.processes if process[0] != fork}
    try:
        owner.end(signal.SIGKILL)
        os.kill(fork, 0)
        assert not wait_until_gone(servers)
    finally:
        os.kill(fork, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_kill_9_of_the_guards_too_leaves_no_process(own, state_dir: Path) -> None:
    owner = own({"state_dir": str(state_dir)})
    guards = [
        pid for pid, _ in owner.processes if Path(f"/proc/{pid}/stat").read_text().split()[3] == str(owner.process.pid)
    ]
    assert len(guards) == 2
    owner.process.kill()
    for pid in guards:
        os.kill(pid, signal.SIGKILL)
    assert not wait_until_gone(owner.processes)
    with EmbeddedStack(state_dir, postgres_options=FAST, want_redis=False) as stack:
        psycopg.connect(stack.database_url).close()


def test_kill_9_of_postgres_leaves_none_of_its_processes(state_dir: Path) -> None:
    with EmbeddedStack(state_dir, postgres_options=FAST, want_redis=False) as stack:
        [guarded] = stack.processes
        [postmaster] = [pid for pid, _ in descendants(guarded.guard_pid) if parent_of(pid) == guarded.guard_pid]
        below = descendants(guarded.guard_pid)
        # Stopped, they can't notice by themselves that the postmaster has gone.
        for pid in {pid for pid, _ in below} - {postmaster}:
            os.kill(pid, signal.SIGSTOP)
        os.kill(postmaster, signal.SIGKILL)
        assert not wait_until_gone(below)
        assert guarded.stop() == 128 + signal.SIGKILL
    with EmbeddedStack(state_dir, postgres_options=FAST, want_redis=False) as stack:
        psycopg.connect(stack.database_url).close()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_kill_9_during_the_first_start_leaves_nothing_half_made(place: Path) -> None:
    state_dir = place / "state"
    owner = subprocess.Popen([sys.executable, OWNER, json.dumps({"state_dir": str(state_dir)})], cwd=REPOSITORY)
    until((state_dir / "postgres.unfinished" / "PG_VERSION").exists)
    started = descendants(owner.pid)
    owner.kill()
    owner.wait()
    assert not (state_dir / "postgres").exists()
    with EmbeddedStack(state_dir, postgres_options=FAST, want_redis=False) as stack:
        psycopg.connect(stack.database_url).close()
        assert not alive(started)


# --- the guard on its own


def run_guarded(script: str, **options: object) -> GuardedProcess:
    return GuardedProcess("example", Command(["sh", "-c", script], **options), output=subprocess.PIPE)  # type: ignore[arg-type]


def first_line(guarded: GuardedProcess) -> str:
    return guarded.output.readline().decode().strip()


@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", 7), ("true", 0), ("kill -KILL $$", 128 + signal.SIGKILL), ("exec /none", 127)]
)
def test_the_exit_status_is_handed_on(script: str, status: int) -> None:
    guarded = run_guarded(script)
    with guarded.output:
        guarded.output.read()
        assert guarded.stop() == status


def test_a_program_that_cannot_be_run_says_so() -> None:
    guarded = GuardedProcess("example", Command(["/no/such/program"]), output=subprocess.PIPE)
    with guarded.output:
        assert b"/no/such/program" in guarded.output.read()
        assert guarded.stop() == 127


def test_a_command_that_ignores_the_stop_signal_is_killed() -> None:
    guarded = run_guarded("trap '' TERM; echo ready; while :; do sleep 1; done", stop=((signal.SIGTERM, 0.2),))
    with guarded.output:
        assert first_line(guarded) == "ready"
        below = descendants(guarded.guard_pid)
        assert guarded.stop() == 128 + signal.SIGKILL
        assert not alive(below)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_CHILD_SUBREAPER is Linux's")
def test_what_a_command_left_running_in_another_session_is_killed(tmp_path: Path) -> None:
    wait = f"while [ ! -e '{tmp_path / 'seen'}' ]; do sleep 0.02; done"
    guarded = run_guarded(f"setsid sh -c 'echo $$; exec sleep 600' & {wait}; exit 3")
    with guarded.output:
        daemon = int(first_line(guarded))
        assert any(pid == daemon for pid, _ in descendants(guarded.guard_pid))
        (tmp_path / "seen").touch()
        assert guarded.output.read() == b""  # the daemon held the pipe
        assert guarded.stop() == 3
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)
