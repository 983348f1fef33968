"""Rules on a running Kapok: a change reaches every process within a second; the command line, end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import Live, LiveTenant
from tests.second_web import second_web
from tests.waiting import once_within, until

WITHIN = 1.0
QUERY = "{ offers(limit: 1) { title } }"


@pytest.fixture
def project(live: Live) -> Iterator[Path]:
    """The demo project's directory; its rules are what they were afterwards."""
    before = live.control("GET", "/projects/bookings/permissions").json()["data"]["text"]
    yield live.state_dir / "demo" / "bookings"
    live.control("PUT", "/projects/bookings/permissions", json={"text": before})
    for slug in live.tenants:
        live.control("PUT", f"/tenants/{slug}/permissions", json={"text": ""})


def kapok(live: Live, directory: Path, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, stdout (decoded where it is JSON) and stderr of a command."""
    environment = {**os.environ, "KAPOK_URL": live.base_url, "KAPOK_TOKEN": live.control_token}
    command = [str(Path(sys.executable).with_name("kapok")), *arguments]
    done = subprocess.run(command, env=environment, cwd=directory, capture_output=True, text=True, timeout=90)
    out = json.loads(done.stdout) if "json" in arguments and done.stdout.strip() else done.stdout
    return done.returncode, out, done.stderr


def sees(tenant: LiveTenant, base: str) -> bool:
    """Whether visitors may ask for offers there."""
    url = f"{base}/t/{tenant.slug}/graphql"
    answer = httpx.post(url, json={"query": QUERY}, headers={"apikey": tenant.publishable_key}, timeout=30).json()
    return "errors" not in answer and bool(answer["data"]["offers"])


def test_a_change_reaches_every_process_within_a_second(live: Live, project: Path) -> None:
    with second_web(live) as other:
        bases = [live.base_url, other]

        def takes(method: str, path: str, body: dict[str, Any], tenant: LiveTenant, wanted: bool) -> float:
            """Seconds from the change's answer until every process follows it."""
            live.control(method, path, json=body).raise_for_status()
            return until(lambda: all(sees(tenant, base) is wanted for base in bases))

        def changes() -> float:
            """The longest of four."""
            # Warm in both: what is cached must be what is dropped.
            assert all(sees(tenant, base) for tenant in live.tenants.values() for base in bases for _ in range(3))
            own, nothing = "tables: {offers: {anon: {}}}", "roles: {member: {}, partner: {}, staff: {}}"
            took = [takes("PUT", "/tenants/acme/permissions", {"text": own}, live.acme, False)]
            assert all(sees(live.globex, base) for base in bases)
            took.append(takes("PUT", "/tenants/acme/permissions", {"text": ""}, live.acme, True))
            took.append(takes("PUT", "/projects/bookings/permissions", {"text": nothing}, live.globex, False))
            assert not any(sees(live.acme, base) for base in bases)
            versions = live.control("GET", "/projects/bookings/permissions/versions").json()["data"]["versions"]
            back = {"version": versions[0]["version"] - 1}
            took.append(takes("POST", "/projects/bookings/permissions/rollback", back, live.acme, True))
            until(lambda: all(sees(live.globex, base) for base in bases))
            return max(took)

        once_within(WITHIN, changes)


def test_diff_apply_history_and_rollback(live: Live, project: Path, tmp_path: Path) -> None:
    text = (project / "permissions.yaml").read_text()
    assert kapok(live, project, "permissions", "diff", "-o", "json")[1]["changes"] == []
    wider = tmp_path / "wider.yaml"
    wider.write_text(text.replace("where: {status: {eq: ACTIVE}}}}", "where: {}}}", 1))
    code, planned, _ = kapok(live, project, "permissions", "diff", "--file", str(wider), "-o", "json")
    assert code == 0 and planned["widens"]
    assert {(change["subject"], change["operation"]) for change in planned["changes"]} == {("partners", "select")}
    code, out, error = kapok(live, project, "permissions", "diff", "--file", str(wider), "--fail-on-widening")
    assert code == 10 and "partners" in out and "anon select partners" in error
    code, _, error = kapok(live, project, "permissions", "matrix", "--file", str(wider), "--fail-on-widening", "stored")
    assert code == 10 and "of other rows: where none" in error
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("[id, name, slug, about, website]", "[id, nam]", 1))
    for command in ("diff", "apply"):
        code, _, error = kapok(live, project, "permissions", command, "--file", str(wrong))
        assert code == 3 and "There is no column `nam`" in error and "tables.partners.anon.select.columns" in error
    code, applied, _ = kapok(live, project, "permissions", "apply", "--file", str(wider), "-m", "Why not", "-o", "json")
    assert code == 0 and applied["changed"] and applied["note"] == "Why not"
    assert "Why not" in kapok(live, project, "permissions", "history")[1]
    before = str(applied["version"] - 1)
    assert kapok(live, project, "permissions", "rollback", before, "-o", "json")[1]["text"] == text
    assert kapok(live, project, "permissions", "show")[1] == text
    assert kapok(live, project, "permissions", "rollback", "999")[0] == 6


def test_the_matrix_needs_no_server_for_files(tmp_path: Path, live: Live) -> None:
    rules = tmp_path / "permissions.yaml"
    rules.write_text("tables: {posts: {anon: {select: {columns: [id]}}}}\nfunctions: {f: [anon]}")
    nowhere = Live(tmp_path, "http://127.0.0.1:9", "kctl_x", {}, "", "", tmp_path / "log")
    code, out, _ = kapok(nowhere, tmp_path, "permissions", "matrix", "--file", str(rules), "-o", "json")
    assert code == 0
    [cell] = out["matrix"]
    assert (cell["role"], cell["table"], cell["operation"], cell["grants"][0]["columns"]) == (
        "anon",
        "posts",
        "select",
        ["id"],
    )
    assert out["functions"] == {"anon": ["f"]}
    base = tmp_path / "base.yaml"
    base.write_text("")
    arguments = ("permissions", "matrix", "--file", str(rules), "--fail-on-widening", str(base))
    code, out, error = kapok(nowhere, tmp_path, *arguments)
    assert code == 10 and "rows can be read: id" in error
    assert kapok(nowhere, tmp_path, "permissions", "matrix", "--file", str(rules), "--fail-on-widening", "x")[0] == 3


def test_the_demos_permission_tests_pass_and_failures_are_told(live: Live, project: Path, tmp_path: Path) -> None:
    code, ran, error = kapok(live, project, "permissions", "test", "-o", "json")
    assert code == 0, (ran, error)
    assert len(ran["results"]) > 20 and {result["outcome"] for result in ran["results"]} == {"passed"}
    failing = tmp_path / "t.yaml"
    failing.write_text(
        "tests: [{name: nobody sees offers, as: anon, query: '{ offers { id } }', expect: {denied: true}}]"
    )
    code, out, error = kapok(live, project, "permissions", "test", str(failing))
    assert code == 11 and "✗ nobody sees offers" in out and "t.yaml:1" in out and "1 of 1 tests failed" in error
    failing.write_text("tests: [{name: x}]")
    code, _, error = kapok(live, project, "permissions", "test", str(failing))
    assert code == 3 and "t.yaml, line 1, tests[0]" in error


def test_explain_as_a_role_and_as_a_user(live: Live, project: Path) -> None:
    code, said, _ = kapok(
        live, project, "explain", "--as", "anon", "-q", "{ offers { title } bookings { id } }", "-o", "json"
    )
    assert code == 5 and not said["allowed"]
    assert {item["path"] for item in said["findings"] if not item["allowed"]} == {"bookings", "bookings.id"}
    [booking] = live.acme.data("{ bookings(limit: 1) { id } }")["bookings"]
    code, out, _ = kapok(live, project, "explain", "--as", "anon", "--row", f"bookings:{booking['id']}", "-t", "acme")
    assert code == 5 and "No rule lets anon read bookings." in out
    users = live.control("GET", "/tenants/acme/users?pageSize=1").json()["data"]["users"]
    code, said, _ = kapok(
        live, project, "explain", "--as", users[0]["email"], "-q", "{ offers { title } }", "-t", "acme", "-o", "json"
    )
    assert code == 0 and said["claims"]["sub"] == users[0]["id"] and said["role"] in said["claims"]["roles"]
    assert said["statements"][0]["sql"] and said["statements"][0]["plan"]
    code, out, _ = kapok(live, project, "explain", "--as", "service", "-q", "{ offers { title } }", "--analyze")
    assert code == 0 and "actual time" in out
    code, out, _ = kapok(live, project, "explain", "--as", "service", "-q", "mutation { deleteBookings(filter: {}) }")
    assert code == 0 and "Delete on bookings" in out and "Nothing was run." in out
    assert kapok(live, project, "explain", "--as", "anon")[0] == 2
