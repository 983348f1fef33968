"""The control plane of a running Kapok: the command line as a process, event streams, limits on what is read."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.live import Live
from tests.waiting import until

KAPOK = str(Path(sys.executable).with_name("kapok"))


@pytest.fixture
def slug() -> str:
    """A name nobody has."""
    return f"cli-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def project(live: Live, tmp_path: Path, slug: str) -> Path:
    """A project of its own, pushed, in a directory."""
    directory = tmp_path / slug
    live.cli("init", str(directory))
    live.cli("migrate", "up", cwd=directory)
    live.cli("project", "push", cwd=directory)
    return directory


def plain(live: Live, *arguments: str, cwd: Path | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "KAPOK_URL": live.base_url, "KAPOK_TOKEN": live.control_token, "HOME": str(live.state_dir)}
    return subprocess.run([KAPOK, *arguments], env=environ, cwd=cwd, capture_output=True, text=True, timeout=60, **more)


# --- the command line


def test_a_projects_life(live: Live, project: Path, slug: str) -> None:
    assert live.cli("project", "show", cwd=project)["slug"] == slug
    made = live.cli("tenant", "create", slug, "--name", "Mine", cwd=project)
    assert (made["tenant"]["state"], made["operation"]["state"]) == ("active", "succeeded")
    status = live.cli("migrate", "status", cwd=project)
    assert [(tenant["applied"], tenant["pending"]) for tenant in status["tenants"]] == [(["0001_notes"], [])]
    (project / "migrations" / "0002_tags.sql").write_text("create table tags (id int primary key);")
    planned = live.cli("migrate", "plan", cwd=project)
    assert planned["tenants"][0]["pending"] == ["0002_tags"]
    assert live.cli("migrate", "up", cwd=project)["operation"]["progress"] == 100
    key = live.cli("keys", "create", slug, "--kind", "secret")["key"]
    answer = httpx.post(made["tenant"]["graphqlUrl"], json={"query": "{ tags { id } }"}, headers={"apikey": key})
    assert answer.json() == {"data": {"tags": []}}
    assert live.cli("tenant", "suspend", slug)["state"] == "suspended"
    assert live.cli("tenant", "resume", slug)["state"] == "active"
    assert live.cli("domain", "add", slug, f"{slug}.example.org")["domain"] == f"{slug}.example.org"
    live.cli("domain", "remove", slug, f"{slug}.example.org")
    assert live.cli("domain", "list", slug)["domains"] == []
    wrong = plain(live, "tenant", "delete", slug, "--confirm", "acme")
    assert wrong.returncode == 7 and "Error:" in wrong.stderr
    live.cli("tenant", "delete", slug, "--confirm", slug)
    assert plain(live, "tenant", "show", slug).returncode == 6
    live.cli("project", "delete", slug, "--confirm", slug)
    assert plain(live, "project", "show", slug).returncode == 6


def test_a_migration_that_fails_says_where(live: Live, project: Path, slug: str) -> None:
    live.cli("tenant", "create", slug, cwd=project)
    (project / "migrations" / "0002_bad.sql").write_text("create table ok (id int);\n\nselect * from nowhere;\n")
    done = plain(live, "migrate", "up", cwd=project)
    assert done.returncode == 9, done.stderr
    assert "nowhere" in done.stderr and "Traceback" not in done.stderr
    status = live.cli("migrate", "status", cwd=project)["tenants"][0]
    assert status["applied"] == ["0001_notes"] and status["pending"] == ["0002_bad"]
    (project / "migrations" / "0002_bad.sql").write_text("create table ok (id int);\n")
    assert live.cli("migrate", "up", cwd=project)["operation"]["state"] == "succeeded"
    (project / "migrations" / "0001_notes.sql").write_text("select 1;")
    changed = plain(live, "migrate", "plan", "-o", "json", cwd=project)
    assert changed.returncode == 9
    assert json.loads(changed.stderr)["error"]["code"] == "MIGRATION_CHANGED"


def test_each_of_several_tenants_is_waited_for_and_a_failure_is_tried_again(
    live: Live, project: Path, slug: str
) -> None:
    good, bad = f"{slug}-a", f"{slug}-b"
    for name in (good, bad):
        live.cli("tenant", "create", name, cwd=project)
    (project / "in_the_way.sql").write_text("create table tags (id int);")
    live.cli("seed", bad, "--file", str(project / "in_the_way.sql"), cwd=project)
    (project / "migrations" / "0002_tags.sql").write_text("create table tags (id int primary key);")
    done = plain(live, "migrate", "up", "-t", good, "-t", bad, cwd=project)
    assert done.returncode == 9 and bad in done.stderr, done.stderr
    states = {tenant["tenant"]: tenant["applied"] for tenant in live.cli("migrate", "status", cwd=project)["tenants"]}
    assert states == {good: ["0001_notes", "0002_tags"], bad: ["0001_notes"]}
    (project / "in_the_way.sql").write_text("drop table tags;")
    live.cli("seed", bad, "--file", str(project / "in_the_way.sql"), cwd=project)
    failed = live.cli("operation", "list", "--tenant", bad, "--state", "failed")["operations"]
    assert live.cli("operation", "retry", failed[0]["id"])["state"] == "succeeded"
    assert len(live.cli("migrate", "up", "-t", good, "-t", bad, cwd=project)["operations"]) == 2
    assert plain(live, "operation", "retry", failed[0]["id"]).returncode == 8
    assert (
        "0 of 2 tenants were migrated; the others had everything." in plain(live, "migrate", "up", cwd=project).stderr
    )


def test_audit_yaml_says_what_is_recorded(live: Live, project: Path, slug: str) -> None:
    live.cli("tenant", "create", slug, cwd=project)
    text = "tables:\n  notes: {redact: [body]}\n"
    (project / "audit.yaml").write_text(text)
    applied = live.cli("audit", "settings", "apply", cwd=project)
    assert (applied["text"], applied["operation"]["kind"]) == (text, "audit_settings")
    assert live.cli("audit", "settings", "apply", cwd=project)["operation"] is None
    (project / "audit.yaml").write_text("tables:\n  nots: off\n")
    refused = plain(live, "audit", "settings", "apply", cwd=project)
    assert (
        refused.returncode != 0 and "audit.yaml, line 2" in refused.stderr and "Did you mean notes?" in refused.stderr
    )
    assert live.cli("audit", "settings", "show", cwd=project) == {"text": text}
    until(lambda: live.cli("audit", "status", slug)["sealedAt"])  # of a log that is not begun nothing is checked
    checked = live.cli("audit", "check", slug)
    assert (checked["state"], checked["result"]["problem"]) == ("succeeded", "")
    assert live.cli("audit", "status", slug)["checkedAt"] is not None
    # Its job had the watch look.
    assert slug in [log["tenant"] for log in live.cli("audit", "status", "--search", slug)["logs"]]
    assert "alerts" in live.cli("audit", "alerts", "list", "--state", "all")
    look_into_the_trail(live, project, slug)


def look_into_the_trail(live: Live, project: Path, slug: str) -> None:
    """A note is written and changed; the sealer makes that searchable."""
    (project / "notes.sql").write_text(
        "insert into notes (title, body) values ('One', 'secret');\nupdate notes set title = 'Two', body = 'other';"
    )
    live.cli("seed", slug, "--file", str(project / "notes.sql"), cwd=project)
    asked = ("audit", "entries", slug, "--table", "notes", "--op", "update")
    until(lambda: [entry["sealed"] for entry in live.cli(*asked)["entries"]] not in ([], [None]))
    [entry] = live.cli(*asked)["entries"]
    key = json.dumps(entry["key"])
    history = live.cli("audit", "history", slug, "notes", key)["entries"]
    assert [one["op"] for one in history] == ["update", "insert"] and history[0] == entry
    table = plain(live, *asked).stdout
    assert "update notes" in table and "sealed" in table
    shown = plain(live, "audit", "entry", slug, str(entry["index"])).stdout
    assert "- title: One" in shown and "+ title: Two" in shown and "  body: [redacted]" in shown
    assert "secret" not in shown
    value = ("audit", "entry", slug, str(entry["index"]), "--value", "after.title")
    assert live.cli(*value) == {"path": "after.title", "value": '"Two"'} and plain(live, *value).stdout == '"Two"\n'
    assert plain(live, "audit", "entry", slug, "99999999").returncode == 6
    wrong = plain(live, "audit", "entries", slug, "--action", "tenant.create")
    assert wrong.returncode != 0 and "tenant.created" in wrong.stderr


def test_seeds_are_all_or_nothing(live: Live, project: Path, slug: str) -> None:
    live.cli("tenant", "create", slug, cwd=project)
    good, bad = project / "good.sql", project / "bad.sql"
    good.write_text("insert into notes (title) values ('One');")
    bad.write_text("insert into notes (title) values ('Two');\nboom;")
    live.cli("seed", slug, "--file", str(good), cwd=project)
    failed = plain(live, "seed", slug, "--file", str(bad), cwd=project)
    assert failed.returncode == 1 and "line 2" in failed.stderr
    nothing = plain(live, "seed", slug, cwd=project)
    assert nothing.returncode == 3
    key = live.cli("keys", "create", slug)["key"]
    url = live.cli("tenant", "show", slug)["graphqlUrl"]
    answer = httpx.post(url, json={"query": "{ notes { title } }"}, headers={"apikey": key})
    assert answer.json() == {"data": {"notes": [{"title": "One"}]}}


def test_outputs(live: Live) -> None:
    listed = plain(live, "tenant", "list", "-o", "plain", "--search", "acme").stdout.splitlines()
    assert listed[0].split("\t")[:4] == ["acme", "Acme", "bookings", "active"]
    table = plain(live, "tenant", "list", "--search", "acme").stdout
    assert table.split()[:2] == ["TENANT", "NAME"] and "MB" in table
    data = live.cli("tenant", "list", "--search", "acme", "--page-size", "1")
    assert data["pagination"] == {"total": 1, "page": 1, "pageSize": 1, "hasNext": False}
    key = plain(live, "keys", "create", "acme", "-o", "plain")
    assert re.fullmatch(r"ksec_[A-Za-z0-9_-]{43}\n", key.stdout)
    made = next(key for key in live.cli("keys", "list", "acme")["keys"] if key["name"] == "secret key")
    assert live.cli("keys", "revoke", "acme", made["id"])["state"] == "revoked"


def test_status_and_credentials(live: Live, slug: str) -> None:
    # A worker that has much to do does not answer in time, and is none for the moment.
    until(lambda: live.cli("status")["workers"] >= 1)
    status = live.cli("status")
    assert status["redis"] == "ok" and status["database"].startswith("PostgreSQL")
    refused = plain(live, "status", "--token", "kctl_wrong")
    assert refused.returncode == 5 and "kapok login" in refused.stderr
    token = live.cli("token", "create", slug, "--days", "1")
    assert plain(live, "status", "--token", token["token"]).returncode == 0
    live.cli("token", "revoke", token["id"])
    assert plain(live, "status", "--token", token["token"]).returncode == 5


def test_login_remembers(live: Live, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KAPOK_")}
    environ["HOME"] = str(tmp_path)

    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [KAPOK, *arguments], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, **more
        )

    done = run("login", "--url", live.base_url, input=live.control_token + "\n")
    assert done.returncode == 0 and live.control_token not in done.stdout + done.stderr
    assert json.loads(run("status", "-o", "json").stdout)["user"] == live.admin["email"]


def test_create_user_and_documents(live: Live, project: Path, slug: str) -> None:
    email = f"{slug}@example.com"
    done = plain(live, "admin", "create-user", email, "-p", slug, "-o", "json", input="correct horse\n")
    assert json.loads(done.stdout)["projects"] == [slug]
    [made] = live.cli("admin", "list-users", "--search", slug)["users"]
    assert (made["email"], made["twoStep"]) == (email, False)
    nothing = plain(live, "admin", "reset-two-step", email)
    assert nothing.returncode == 8 and "has no two-step sign-in" in nothing.stderr
    (project / "a.graphql").write_text("query Notes { notes { title } }")
    pushed = live.cli("documents", "push", str(project / "a.graphql"), cwd=project)["documents"]
    assert pushed[0]["name"] == "Notes"
    live.cli("documents", "remove", pushed[0]["sha256"], cwd=project)
    assert live.cli("documents", "list", cwd=project)["documents"] == []
    text = "roles: {anon: {}}\n"
    (project / "permissions.yaml").write_text(text)
    assert live.cli("permissions", "apply", cwd=project)["changed"] is True
    assert plain(live, "permissions", "show", cwd=project).stdout == text
    (project / "permissions.yaml").write_text("tables: 7")
    assert plain(live, "permissions", "apply", cwd=project).returncode == 3


def test_the_nearest_dev_environment_is_found(live: Live) -> None:
    """In the demo project's directory nothing needs to be said."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KAPOK_")}
    state = live.state_dir
    done = subprocess.run(
        [KAPOK, "tenant", "show", "acme", "--state-dir", str(state), "-o", "json"],
        env={**environ, "HOME": str(state)},
        cwd=state / "demo" / "bookings",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["slug"] == "acme"


# --- kapok dev


def test_dev_json_is_private_and_complete(live: Live) -> None:
    path = live.state_dir / "dev.json"
    assert path.stat().st_mode & 0o777 == 0o600
    says = json.loads(path.read_text())
    assert {"baseUrl", "controlToken", "admin", "tenants", "pid", "databaseUrl", "redisUrl"} == set(says)
    os.kill(says["pid"], 0)
    assert set(says["tenants"]) == {"acme", "globex"}


def test_the_demo_tenants_hold_different_data(live: Live) -> None:
    query = "{ members(limit: 5, orderBy: [{id: ASC}]) { email } membersAggregate { count } }"
    acme, globex = live.acme.data(query), live.globex.data(query)
    assert acme["members"] != globex["members"]
    # Other tests sign people up.
    assert all(int(tenant["membersAggregate"][0]["count"]) >= 800 for tenant in (acme, globex))


@pytest.mark.parametrize("servers", ["embedded", "given"])
def test_a_second_one_on_the_same_state_says_so(live: Live, monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    for name, url in (("DATABASE_URL", live.database_url), ("REDIS_URL", live.redis_url)):
        if servers == "given":
            monkeypatch.setenv(name, url)
        else:
            monkeypatch.delenv(name, raising=False)
    done = plain(live, "dev", "--port", "0", "--state-dir", str(live.state_dir), "-o", "json")
    assert done.returncode == 8
    assert json.loads(done.stderr)["error"]["code"] == "STATE_DIR_IN_USE"


def test_a_taken_port_is_an_error_when_it_was_asked_for(live: Live, tmp_path: Path) -> None:
    port = str(urlsplit(live.base_url).port)
    done = plain(live, "dev", "--port", port, "--state-dir", str(tmp_path / "state"))
    assert done.returncode == 1 and f"Port {port} is taken" in done.stderr


# --- streams and limits


def test_an_operations_events(live: Live, project: Path, slug: str) -> None:
    made = live.control("POST", "/tenants", json={"slug": slug, "project": slug}).json()["data"]["operation"]
    url = f"{live.base_url}/api/v1/operations/{made['id']}/events"
    headers = {"authorization": f"Bearer {live.control_token}"}
    with httpx.stream("GET", url, headers=headers, timeout=30) as response:
        assert response.headers["content-type"] == "text/event-stream"
        events = [json.loads(line[5:]) for line in response.iter_lines() if line.startswith("data:")]
    assert events[-1]["state"] == "succeeded" and events[-1]["progress"] == 100
    progress = [event["progress"] for event in events]
    assert progress == sorted(progress)
    again = httpx.get(url, headers=headers, timeout=30)
    assert again.text.count("data:") == 1  # an operation that has ended: its state, and the end
    assert httpx.get(url).status_code == 401
    assert httpx.get(url.replace(made["id"], str(uuid.uuid4())), headers=headers).status_code == 404


def test_streams_do_not_block_other_requests(live: Live, project: Path, slug: str) -> None:
    """Ten listeners, and the server still answers."""
    made = live.control("POST", "/tenants", json={"slug": slug, "project": slug}).json()["data"]["operation"]
    statuses: list[int] = []

    def listen() -> None:
        answer = live.control("GET", f"/operations/{made['id']}/events")
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=listen) for _ in range(10)]
    for thread in threads:
        thread.start()
    assert live.control("GET", "/me").status_code == 200
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10


def test_a_request_id_is_given_and_kept(live: Live) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", live.control("GET", "/me").headers["x-request-id"])
    answer = httpx.get(f"{live.base_url}/api/v1/me", headers={"x-request-id": "trace-1234"})
    assert answer.headers["x-request-id"] == answer.json()["error"]["requestId"] == "trace-1234"


@pytest.mark.parametrize("path", ["/api/v1/tenants", "/admin/login/", "/control/graphql", "/nothing"])
def test_nobody_fills_the_disk(live: Live, path: str) -> None:
    """Django would store any body before looking at who sends it."""
    declared = talk(live, path, "content-length: 20000000", lambda connection: None)
    assert declared.startswith(b"HTTP/1.1 413")

    refused = live.control("POST", "/tenants", content=b"x" * 11_000_000)
    assert "10 MiB" in refused.json()["error"]["hint"]  # what to do about it

    def flood(connection: socket.socket) -> None:
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        for _ in range(40):
            connection.sendall(chunk)

    chunked = talk(live, path, "transfer-encoding: chunked", flood)
    assert chunked.startswith(b"HTTP/1.1 413") or not chunked
    assert httpx.get(f"{live.base_url}/healthz").status_code == 200


def talk(live: Live, path: str, header: str, send: Callable[[socket.socket], None]) -> bytes:
    """The beginning of the answer to a raw POST; b"" where the server closed before it could be read."""
    parts = urlsplit(live.base_url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{header}\r\n\r\n"
        connection.sendall(head.encode())
        with suppress(BrokenPipeError, ConnectionResetError):
            send(connection)
        try:
            return connection.recv(64)
        except ConnectionResetError:
            return b""
