"""The command line as a process: what needs no server, and what happens when there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

import kapok.cli.client as client_module
from kapok.cli.client import Client
from kapok.cli.failures import EXIT_CODES
from kapok.cli.main import COMMANDS
from kapok.cli.project_files import load_project
from kapok.cli.render import Column, show_list
from kapok.cli.settings import Output, Settings
from kapok.cli.templates import template_names, write_template
from kapok.errors import REGISTRY, KapokError

KAPOK = str(Path(sys.executable).with_name("kapok"))
NOWHERE = "http://127.0.0.1:9"


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAPOK_")}
    return subprocess.run(
        [KAPOK, *arguments],
        cwd=cwd,
        env={**clean, "HOME": str(cwd), **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def cpu_seconds(*arguments: str, cwd: Path) -> float:
    """CPU time of a command: a busy machine does not make it longer."""
    before = os.times()
    assert run(*arguments, cwd=cwd).returncode == 0
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_local_commands_are_quick(tmp_path: Path) -> None:
    assert cpu_seconds("--help", cwd=tmp_path) < 0.5
    assert cpu_seconds("init", "blank", cwd=tmp_path) < 0.5
    assert cpu_seconds("completion", "bash", cwd=tmp_path) < 0.5


@pytest.fixture(scope="module")
def all_help(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `kapok --help` says."""
    return run("--help", cwd=tmp_path_factory.mktemp("help")).stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_and_takes_output(tmp_path: Path, all_help: str, name: str) -> None:
    done = run(name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert COMMANDS[name].summary.split(":")[0].split(",")[0][:12] in all_help
    if "COMMAND [ARGS]" not in done.stdout:
        assert "--output" in done.stdout


def test_init_writes_a_project_that_loads(tmp_path: Path) -> None:
    done = run("init", "My Shop 2", "--output", "json", cwd=tmp_path)
    written = json.loads(done.stdout)
    assert written["project"] == "my-shop-2"
    project = load_project(tmp_path / "My Shop 2")
    assert project.name == "my-shop-2" and project.migrations() and "roles" in project.permissions()
    again = run("init", "My Shop 2", "--output", "json", cwd=tmp_path)
    assert again.returncode == EXIT_CODES["ALREADY_EXISTS"]
    assert json.loads(again.stderr)["error"]["code"] == "ALREADY_EXISTS"


def test_a_template_with_seeds_brings_them(tmp_path: Path) -> None:
    assert template_names()[0] == "bookings"
    write_template("bookings", tmp_path)
    project = load_project(tmp_path)
    assert "insert into" in project.seeds()[0].sql
    assert not list(tmp_path.rglob("*.py"))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "permissions.yaml").write_text("mine")
    with pytest.raises(KapokError) as caught:
        write_template("blank", tmp_path)
    assert caught.value.code == "ALREADY_EXISTS"
    assert [path.name for path in tmp_path.iterdir()] == ["permissions.yaml"]


def test_no_server(tmp_path: Path) -> None:
    done = run("status", "--url", NOWHERE, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (EXIT_CODES["SERVER_UNREACHABLE"], "")
    assert "No Kapok server answers at http://127.0.0.1:9 (from --url)." in done.stderr
    assert "kapok dev" in done.stderr and "Traceback" not in done.stderr
    done = run("tenant", "list", "-o", "json", cwd=tmp_path, KAPOK_URL=NOWHERE)
    error = json.loads(done.stderr)["error"]
    assert (error["code"], error["number"]) == ("SERVER_UNREACHABLE", "KP611")


@pytest.mark.parametrize("arguments", [["nope"], ["tenant", "crate"], ["tenant", "create"], ["status", "--bad"]])
def test_usage_errors(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and "Usage:" in done.stderr
    done = run("--output", "json", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"]["code"] == "VALIDATION_FAILED"


def test_a_misspelt_command_is_suggested(tmp_path: Path) -> None:
    assert "tenant" in run("tennant", cwd=tmp_path).stderr.splitlines()[-1]


def test_no_project(tmp_path: Path) -> None:
    done = run("migrate", "plan", cwd=tmp_path)
    assert done.returncode == EXIT_CODES["PROJECT_INVALID"] and "kapok init" in done.stderr
    (tmp_path / "kapok.yaml").write_text("name: shop\nmigratons: here\n")
    assert "migratons" in run("migrate", "plan", cwd=tmp_path).stderr


def test_deleting_asks_and_does_not_guess(tmp_path: Path) -> None:
    done = run("tenant", "delete", "acme", "--url", NOWHERE, cwd=tmp_path)
    assert done.returncode == EXIT_CODES["CONFIRMATION_REQUIRED"] and "--confirm acme" in done.stderr


def test_completion_completes(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_KAPOK_COMPLETE" in run("completion", shell, cwd=tmp_path).stdout
    words = {"COMP_WORDS": "kapok tenant s", "COMP_CWORD": "2", "_KAPOK_COMPLETE": "bash_complete"}
    assert run(cwd=tmp_path, **words).stdout.split() == ["plain,show", "plain,suspend"]
    words = {"COMP_WORDS": "kapok mig", "COMP_CWORD": "1", "_KAPOK_COMPLETE": "bash_complete"}
    assert run(cwd=tmp_path, **words).stdout.split() == ["plain,migrate"]


def test_exit_codes_are_of_registered_errors_and_documented() -> None:
    assert set(EXIT_CODES) <= set(REGISTRY)
    text = Path(__file__).parents[2].joinpath("docs", "cli.md").read_text()
    for code, number in EXIT_CODES.items():
        assert f"`{code}`" in text and f"| {number} |" in text


class Answers(BaseHTTPRequestHandler):
    """What a server that is not ours, or not well, may answer."""

    def do_GET(self) -> None:
        if self.path.endswith("/slow"):
            time.sleep(0.5)
        status, headers, body = ANSWERS[self.path.removeprefix("/api/v1/")]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


_EVIL = "\x1b]0;owned\x07\x1b[31mred"
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "tenants/html": (200, {}, b"<html>hello</html>"),
    "tenants/moved": (302, {"Location": "http://evil.example/"}, b""),
    "tenants/broken": (502, {}, b"bad gateway"),
    "tenants/strange": (418, {}, b'{"error": {"code": "TEAPOT", "message": "I am a teapot"}}'),
    "tenants/empty": (404, {}, b"{}"),
    "tenants/slow": (200, {}, b"{}"),
    "tenants/evil": (200, {}, json.dumps({"data": {"slug": _EVIL, "name": "a\tb\nc"}}).encode()),
}


@pytest.fixture
def server() -> Iterator[str]:
    """On loopback, until the test ends."""
    http = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("html", 4, "not as a Kapok server does"),
        ("moved", 4, "sends us to http://evil.example/"),
        ("broken", 4, "answered 502"),
        ("strange", 1, "I am a teapot"),
        ("empty", 4, "answered 404"),
    ],
)
def test_strange_servers(tmp_path: Path, server: str, what: str, code: int, words: str) -> None:
    done = run("tenant", "show", what, "--url", server, "--token", "kctl_x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr and "Traceback" not in done.stderr


def test_a_server_cannot_send_escape_sequences_to_the_terminal(tmp_path: Path, server: str) -> None:
    for output in ("table", "plain"):
        done = run("tenant", "show", "evil", "--url", server, "-o", output, cwd=tmp_path)
        assert done.returncode == 0 and "\x1b" not in done.stdout and "\x07" not in done.stdout
    fields = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    assert fields["name"] == "a b c"
    data = json.loads(run("tenant", "show", "evil", "--url", server, "-o", "json", cwd=tmp_path).stdout)
    assert data["slug"] == _EVIL


@pytest.mark.parametrize("name", ["app", "a", "7seas", "My Shop", "x" * 49])
def test_init_refuses_a_name_that_no_server_takes(tmp_path: Path, name: str) -> None:
    done = run("init", "here", "--name", name, cwd=tmp_path)
    assert done.returncode == EXIT_CODES["INVALID_SLUG"] and "--name" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_files_and_directories_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\xfe\x00")
    for arguments in (["init", "file/shop", "--name", "shop"], ["dev", "--state-dir", "file/state"]):
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode in (1, 3) and "file" in done.stderr and "Traceback" not in done.stderr
    done = run("seed", "acme", "--file", "file", "--url", NOWHERE, cwd=tmp_path)
    assert done.returncode == EXIT_CODES["PROJECT_INVALID"] and "UTF-8" in done.stderr
    done = run("documents", "push", "file", "--project", "shop", "--url", NOWHERE, cwd=tmp_path)
    assert done.returncode == EXIT_CODES["PROJECT_INVALID"]


def test_a_project_that_is_none_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "kapok.yaml").write_text("name: shop\nmigratons: here\n")
    done = run("dev", "--port", "0", cwd=tmp_path)
    assert done.returncode == EXIT_CODES["PROJECT_INVALID"] and "migratons" in done.stderr
    assert not (tmp_path / ".kapok" / "dev.json").exists()


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(tmp_path: Path, server: str) -> None:
    done = run("tenant", "show", "strange", "--url", server, cwd=tmp_path, http_proxy=NOWHERE, HTTP_PROXY=NOWHERE)
    assert "I am a teapot" in done.stderr


def test_a_server_that_takes_its_time_is_not_called_absent(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT", httpx.Timeout(0.1))
    settings = Settings(server, "--url", None, Output.TABLE, Path(), None)
    with Client(settings) as client, pytest.raises(KapokError) as caught:
        client.get("/tenants/slow")
    assert caught.value.code == "SERVER_UNREACHABLE" and "has not answered yet" in caught.value.message


def test_what_there_is_more_of_is_counted_in_rows(capsys: pytest.CaptureFixture[str]) -> None:
    pagination = {"total": 300, "page": 2, "pageSize": 50, "hasNext": True}
    show_list(Output.TABLE, {"pagination": pagination}, [{"slug": "acme"}], [Column("TENANT", "slug")])
    assert "51 to 100 of 300; --page 3 goes on." in capsys.readouterr().err
    show_list(Output.TABLE, {"pagination": pagination | {"page": 9}}, [], [Column("TENANT", "slug")])
    assert capsys.readouterr().err == "Nothing on this page; there are 300.\n"


@pytest.mark.parametrize("metadata", ["{born: 1990-01-01}", "{height: .nan}", "&me {me: *me}"])
def test_seeded_users_are_what_json_can_say(tmp_path: Path, metadata: str) -> None:
    """`kapok dev` sends them as JSON: what YAML has besides is an error of the file, and not the end of the run."""
    (tmp_path / "kapok.yaml").write_text("name: notebook\nusers: users.yaml\n")
    (tmp_path / "users.yaml").write_text(f"users: [{{email: ada@example.com, metadata: {metadata}}}]\n")
    with pytest.raises(KapokError, match="that JSON has not") as caught:
        load_project(tmp_path).users()
    assert caught.value.code == "PROJECT_INVALID"
