"""`kapok dev` in a project's directory: changes are applied as files are saved, and a second start finds everything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from kapok.cli.templates import write_template
from tests.live import START_SECONDS, STOP_SECONDS
from tests.waiting import until

pytestmark = pytest.mark.slow


@contextmanager
def dev(directory: Path) -> Iterator[dict[str, Any]]:
    """`kapok dev` in a directory; what its dev.json says, once this very process has written it."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    ready, log = directory / ".kapok" / "dev.json", directory / "dev.log"
    command = [str(Path(sys.executable).with_name("kapok")), "dev", "--port", "0"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=directory, env=kept, stdout=output, stderr=output)
    try:

        def started() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            return ready.exists() and json.loads(ready.read_text())["pid"] == process.pid

        until(started, START_SECONDS, otherwise=lambda: log.read_text()[-3000:])
        yield json.loads(ready.read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0


def ask(tenant: dict[str, Any], key: str, query: str) -> dict[str, Any]:
    """The body of a query's answer."""
    answer = httpx.post(tenant["graphqlUrl"], json={"query": query}, headers={"apikey": tenant[key]}, timeout=30)
    body = answer.json()
    assert isinstance(body, dict)
    return body


def save(path: Path, text: str) -> None:
    """As editors do it: nobody reads half a file."""
    unfinished = path.with_name(f"{path.name}~")
    unfinished.write_text(text)
    unfinished.replace(path)


def leave_unfinished(state: Path, tenant: str) -> None:
    """As if the last run had ended while it set this tenant up."""
    kept = json.loads((state / "dev.kept.json").read_text())
    (state / "dev.kept.json").write_text(
        json.dumps({**kept, "tenants": {**kept["tenants"], tenant: {"unfinished": True}}})
    )


def test_a_project_under_development(tmp_path: Path) -> None:
    write_template("blank", tmp_path, project="notebook")
    (tmp_path / "kapok.yaml").write_text((tmp_path / "kapok.yaml").read_text() + "seed: seed\n")
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed" / "0001.sql").write_text("insert into notes (title) values ('First');")
    with dev(tmp_path) as first:
        acme = first["tenants"]["acme"]
        notes = {"data": {"notes": [{"title": "First"}]}}
        assert ask(acme, "publishableKey", "{ notes { title } }") == notes
        assert (tmp_path / ".kapok" / ".gitignore").read_text() == "*\n"
        migration, permissions = tmp_path / "migrations" / "0002_tags.sql", tmp_path / "permissions.yaml"
        save(migration, "create table tags (")
        log = tmp_path / "dev.log"
        until(lambda: "0002_tags" in log.read_text())
        assert ask(acme, "secretKey", "{ notes { title } }") == notes  # what is wrong stops nothing
        save(migration, "create table tags (id int primary key, name text); insert into tags values (1, 'a');")
        until(lambda: ask(acme, "secretKey", "{ tags { name } }") == {"data": {"tags": [{"name": "a"}]}})
        assert "errors" in ask(acme, "publishableKey", "{ tags { name } }")
        save(permissions, permissions.read_text() + '  tags: {anon: {select: {columns: "*"}}}\n')
        until(lambda: "data" in ask(acme, "publishableKey", "{ tags { name } }"))
    leave_unfinished(tmp_path / ".kapok", "globex")
    with dev(tmp_path) as second:
        anew = second["tenants"]["globex"]
        assert anew["id"] != first["tenants"]["globex"]["id"]
        assert ask(anew, "publishableKey", "{ notes { title } }") == notes
        for name in ("publishableKey", "secretKey", "id"):
            assert second["tenants"]["acme"][name] == acme[name]
        assert (second["controlToken"], second["admin"]["password"]) == (
            first["controlToken"],
            first["admin"]["password"],
        )
        assert ask(second["tenants"]["acme"], "publishableKey", "{ notes { title } }") == notes
        headers = {"authorization": f"Bearer {second['controlToken']}"}
        operations = httpx.get(f"{second['baseUrl']}/api/v1/operations", headers=headers).json()["data"]
        started = [operation["kind"] for operation in operations["operations"]]
        # Compiled once, two tenants with their seeds, one run of the migration that works; for the second start, the
        # tenant that was not finished. That the other migration does not work is found out before: rules are checked
        # against its tables.
        assert sorted(started) == ["delete"] + ["migrate_project"] * 2 + ["provision"] * 3 + ["seed"] * 3


def test_tenants_wait_for_their_tables(tmp_path: Path) -> None:
    write_template("blank", tmp_path, project="notebook")
    (tmp_path / "kapok.yaml").write_text((tmp_path / "kapok.yaml").read_text() + "seed: seed\ndocuments: documents\n")
    (tmp_path / "documents").mkdir()
    (tmp_path / "seed").mkdir()
    seed, migration = tmp_path / "seed" / "0001.sql", tmp_path / "migrations" / "0002_tags.sql"
    save(seed, "insert into notes (title) values ('First');")
    save(migration, "create table tags (")
    notes = {"data": {"notes": [{"title": "First"}]}}
    ready = tmp_path / ".kapok" / "dev.json"
    with dev(tmp_path) as first:
        assert first["tenants"] == {}  # and it runs: what is wrong can be mended
        save(migration, "create table tags (id int primary key);")
        until(lambda: set(json.loads(ready.read_text())["tenants"]) == {"acme", "globex"})
        acme = json.loads(ready.read_text())["tenants"]["acme"]
        assert ask(acme, "publishableKey", "{ notes { title } }") == notes
        save(tmp_path / "documents" / "a.graphql", "query Notes { notes { title } }")
        headers = {"authorization": f"Bearer {first['controlToken']}"}
        documents = f"{first['baseUrl']}/api/v1/projects/notebook/documents"
        until(lambda: httpx.get(documents, headers=headers).json()["data"]["documents"])
