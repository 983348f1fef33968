"""Several processes in one terminal: their lines, their common end, and that none survives."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from kapok.stack.process import Command, GuardedProcess
from kapok.stack.supervisor import ChildProcess, Supervisor
from tests.stack.processes import alive, children, descendants, wait_until_gone

PROGRAM = Path(__file__).with_name("supervise.py")
FOREVER = "echo up; while :; do sleep 0.1; done"


class Run:
    """A supervisor in a process of its own."""

    def __init__(self, children: list[dict[str, Any]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, json.dumps(children)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.processes: set[tuple[int, int]] = set()

    def read_until(self, *wanted: str) -> None:
        """Read lines until each of the wanted ones has come."""
        missing = set(wanted)
        assert self.process.stdout is not None
        while missing:
            line = self.process.stdout.readline()
            assert line, f"never came: {missing}; but {self.lines}"
            self.lines.append(line.rstrip("\n"))
            missing.discard(self.lines[-1])
        self.processes |= descendants(self.process.pid)

    def end(self, signum: int | None = None) -> int:
        """Send its process group the signal, as a terminal does, and wait: its exit code."""
        if signum is not None:
            os.killpg(self.process.pid, signum)
        self.lines += self.process.communicate(timeout=60)[0].splitlines()
        return self.process.returncode


@pytest.fixture
def supervise() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*children: dict[str, Any]) -> Run:
        runs.append(Run(list(children)))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.communicate()
        assert not wait_until_gone(run.processes)


def test_lines_carry_the_name_of_who_wrote_them(supervise) -> None:
    run = supervise(
        {"name": "web", "script": "printf 'one\\r\\ntwo'; echo three >&2; sleep 60"},
        {"name": "worker", "script": FOREVER},
    )
    run.read_until("web    | one", "web    | twothree", "worker | up", "all ready")
    assert run.end(signal.SIGTERM) == 0


def test_a_line_without_an_end_and_bytes_that_are_not_text_come_through() -> None:
    output = io.BytesIO()
    script = f"{sys.executable} -c \"print('x' * 200_000, end='')\"; printf '\\377\\n'"
    assert Supervisor([ChildProcess("web", ["sh", "-c", script])], output=output).run() == 1
    lines = output.getvalue().split(b"\n")
    assert b"".join(line.partition(b" | ")[2] for line in lines if line.startswith(b"web")) == b"x" * 200_000 + b"\xff"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda signum: signum.name)
def test_a_signal_stops_all_and_is_no_failure(supervise, signum: signal.Signals) -> None:
    script = "trap 'echo bye; exit 0' TERM; " + FOREVER
    run = supervise(*({"name": name, "script": script} for name in ("web", "worker", "beat")))
    run.read_until("web    | up", "worker | up", "beat   | up")
    assert run.end(signum) == 0
    byes = {line for line in run.lines if line.endswith("bye")}
    assert byes == {"beat   | bye", "worker | bye", "web    | bye"}
    assert not alive(run.processes)


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("exit 3", 3, "kapok | web exited with code 3; stopping the others"),
        ("true", 1, "kapok | web exited with code 0; stopping the others"),
        ("kill -SEGV $$", 128 + signal.SIGSEGV, "kapok | web was ended by SIGSEGV; stopping the others"),
        ("exec /no/such/program", 127, "kapok | web exited with code 127; stopping the others"),
    ],
)
def test_the_death_of_one_stops_all_and_says_which(
    supervise, tmp_path: Path, script: str, code: int, said: str
) -> None:
    both_run = tmp_path / "both-run"
    wait = f"while [ ! -e '{both_run}' ]; do sleep 0.02; done; "
    run = supervise({"name": "db", "script": FOREVER}, {"name": "web", "script": wait + script})
    run.read_until("db    | up")
    both_run.touch()
    assert run.end() == code
    assert said in run.lines
    assert not alive(run.processes)


def test_one_that_ignores_the_signal_is_killed_after_its_time(supervise) -> None:
    run = supervise({"name": "web", "script": "trap '' TERM; " + FOREVER, "stop_seconds": 0.3})
    run.read_until("web   | up")
    assert run.end(signal.SIGTERM) == 0
    assert not alive(run.processes)


def test_a_second_signal_does_not_wait(supervise) -> None:
    run = supervise({"name": "web", "script": "trap 'echo asked' TERM; " + FOREVER, "stop_seconds": 60})
    run.read_until("web   | up")
    run.process.send_signal(signal.SIGINT)
    run.read_until("web   | asked")
    assert run.end(signal.SIGINT) == 0
    assert not alive(run.processes)


def test_kill_9_of_the_supervisor_leaves_no_process(supervise) -> None:
    # As a Celery worker: a pool of forked processes, one of them in a session of its own.
    pool = (
        "sh -c 'while :; do sleep 0.1; done' & setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & sleep 0.2; "
    )
    run = supervise({"name": "web", "script": FOREVER}, {"name": "worker", "script": pool + FOREVER})
    run.read_until("web    | up", "worker | up")
    assert len(run.processes) >= 6
    run.process.kill()
    assert not wait_until_gone(run.processes)


def test_the_environment_and_directory_of_a_child(tmp_path: Path) -> None:
    output = io.BytesIO()
    command = ["sh", "-c", "echo $GREETING $PYTHONUNBUFFERED $HOME; pwd; read line || echo no input"]
    Supervisor([ChildProcess("web", command, {"GREETING": "hello"}, tmp_path)], output=output).run()
    home = os.environ["HOME"]
    assert output.getvalue().splitlines()[:3] == [
        f"web   | hello 1 {home}".encode(),
        f"web   | {tmp_path}".encode(),
        b"web   | no input",
    ]


def test_the_death_of_a_watched_process_stops_all() -> None:
    output = io.BytesIO()
    database = GuardedProcess("postgres", Command(["sh", "-c", "sleep 0.2; exit 2"]), output=subprocess.DEVNULL)
    before = children(os.getpid())
    supervisor = Supervisor([ChildProcess("web", ["sleep", "600"])], watch=[database], output=output)
    assert not supervisor.stopping
    assert supervisor.run() == 2
    assert supervisor.stopping  # whoever waits for an answer of the others knows why there is none
    assert output.getvalue() == b"kapok | postgres exited with code 2; stopping the others\n"
    assert children(os.getpid()) <= before
    database.stop()


def test_a_program_that_cannot_be_found_stops_what_was_started() -> None:
    output = io.BytesIO()
    before = children(os.getpid())
    started = [ChildProcess("web", ["sleep", "600"]), ChildProcess("beat", ["/no/such/program"])]
    assert Supervisor(started, output=output).run() == 127
    assert b"beat  | /no/such/program: No such file or directory\n" in output.getvalue()
    assert children(os.getpid()) == before


class Answers(BaseHTTPRequestHandler):
    """503 twice, then 200."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(503 if self.asked < 3 else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def test_ready_is_said_once_every_probe_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    asked_when_ready: list[int] = []
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/readyz"

        def ready() -> None:
            asked_when_ready.append(Answers.asked)
            os.kill(os.getpid(), signal.SIGTERM)

        started = [ChildProcess("web", ["sleep", "600"], ready_url=url), ChildProcess("beat", ["sleep", "600"])]
        assert Supervisor(started, on_ready=ready, output=io.BytesIO()).run() == 0
        server.shutdown()
        thread.join()
    assert asked_when_ready == [3]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_one_that_never_becomes_ready_is_a_failure() -> None:
    output = io.BytesIO()
    child = ChildProcess("web", ["sleep", "600"], ready_url="http://127.0.0.1:9/", ready_seconds=0.3)
    assert Supervisor([child], output=output).run() == 1
    assert b"web does not answer at http://127.0.0.1:9/" in output.getvalue()


def test_colours_on_a_terminal_only_and_not_against_the_users_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert on_a_terminal().startswith(b"\x1b[36mweb   |\x1b[0m hello")
    monkeypatch.setenv("NO_COLOR", "1")
    assert on_a_terminal().startswith(b"web   | hello")


def on_a_terminal() -> bytes:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "wb") as terminal:
        Supervisor([ChildProcess("web", ["echo", "hello"])], output=terminal).run()
        shown = os.read(leader, 4096)
    os.close(leader)
    return shown


def test_an_output_that_nobody_reads_any_more_ends_it(supervise) -> None:
    run = supervise({"name": "web", "script": "while :; do echo up; sleep 0.05; done"})
    run.read_until("web   | up")
    assert run.process.stdout is not None
    run.process.stdout.close()
    assert run.process.wait(60) != 0
    assert not wait_until_gone(run.processes)
    run.process.stdout = None
