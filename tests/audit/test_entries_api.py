"""Looking into audit trails by the control API: who may, what is found, that each look is recorded, mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.browse import entries as browse_entries
from apps.audit.browse.columns import Room
from apps.audit.search_index import index_all
from apps.tenants.models import Tenant
from tests.audit.auditing import Auditing, owner
from tests.tenant_database import platform_conninfo, real_database

__all__ = ["real_database"]


@pytest.fixture
def auditing(real_database: None, tmp_path: Path) -> Auditing:
    """A guest of Acme's becomes a countess, then gets another number; what is sealed is searchable."""
    made = Auditing(tmp_path)
    with owner(made.acme) as session:
        session.execute("create table guests (id int primary key, name text)")
        session.execute("insert into guests values (1, 'Ada of Acme')")
        session.execute("update guests set name = 'Countess' where id = 1")
        session.execute("update guests set id = 77 where id = 1")
    for tenant in (made.acme, None):
        made.seal(tenant)
        index(made, tenant)
    return made


def index(auditing: Auditing, tenant: Tenant | None) -> None:
    """As the sealer does."""
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        index_all(session, auditing.log(tenant))


def ask(auditing: Auditing, who: str, path: str, /, **query: Any) -> Any:
    return auditing.ask(who, "GET", f"/audit/{path}?{urlencode(query, doseq=True)}")


def data(auditing: Auditing, path: str, /, **query: Any) -> Any:
    answer = ask(auditing, "auditor", path, tenant="acme", **query)
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_what_is_found_and_shown(auditing: Auditing, monkeypatch: pytest.MonkeyPatch) -> None:
    found = data(auditing, "entries", table="guests", op="update", key="id=1")
    assert [entry["changed"] for entry in found["entries"]] == [["id"], ["name"]]
    assert found["indexed"] == found["size"] > 0 and found["cursor"] == "" and not found["waitingMore"]
    named = found["entries"][1]
    assert (named["before"]["name"], named["after"]["name"], named["key"]) == ("Ada of Acme", "Countess", {"id": 1})
    assert named["intact"] and named["sealed"] == found["size"] and named["source"] == "owner"
    one = data(auditing, f"entries/{named['index']}")
    assert {part["column"]: part["changed"] for part in one.pop("differences")}["name"]
    assert one == named
    value = {"path": "after.name", "text": '"Countess"', "piece": 1, "pieces": 1, "characters": 10}
    assert data(auditing, f"entries/{named['index']}/value", path="after.name") == value
    what_is_too_large_is_downloaded_in_the_admin(auditing, named["index"], monkeypatch)
    history = data(auditing, "rows", table="guests", key='{"id": 77}')
    assert [entry["what"] for entry in history["entries"]] == ["update guests", "update guests", "insert guests"]
    events = data(auditing, "entries", action=["tenant.created", "tenant.activated"])["entries"]
    assert events and {entry["action"] for entry in events} <= {"tenant.created", "tenant.activated"}
    # Pages go on where the last ended.
    whole = [entry["index"] for entry in data(auditing, "entries", pageSize=200)["entries"]]
    paged, cursor = [], ""
    while not paged or cursor:
        page = data(auditing, "entries", pageSize=3, cursor=cursor)
        paged += [entry["index"] for entry in page["entries"]]
        cursor = page["cursor"]
    assert paged == whole and len(whole) == len(set(whole)) > 3


def what_is_too_large_is_downloaded_in_the_admin(
    auditing: Auditing, index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor, url = Client(), reverse("tenant-audit-entry", args=["acme", index])
    User.objects.filter(pk=auditing.people["auditor"].pk).update(is_staff=True)
    auditor.force_login(auditing.people["auditor"], backend="django.contrib.auth.backends.ModelBackend")
    value = auditor.get(f"{url}?path=after.name")
    assert (value["Content-Type"], value.content) == ("application/json", b'"Countess"')
    assert value["Content-Disposition"].endswith(f'-{index}-value-1-of-1.json"')
    assert auditor.get(f"{url}?path=after.none").status_code == 404
    monkeypatch.setattr(browse_entries, "WHOLE", Room(20, 2**40))
    page = auditor.get(url).content.decode()
    assert "too large to be shown here" in page and "?path=after.name&amp;piece=1" in page and "Countess" not in page


def test_each_look_is_recorded_once_an_hour(auditing: Auditing) -> None:
    for _ in range(2):
        data(auditing, "entries", table="guests")
    data(auditing, "rows", table="guests", key="id=1")
    data(auditing, "entries/0")
    ask(auditing, "platform_auditor", "entries", platform="true")
    looks = auditing.events(auditing.acme, "audit.viewed")
    assert [(look["what"], look["filters"]) for look in looks] == [
        ("entries", {"table": ["guests"]}),
        ("row", {"table": "guests", "key": "id=1"}),
        ("entry", {"index": 0}),
    ]
    for _ in range(2):
        data(auditing, "entries", actor="grace@example.com", target="account:grace@example.com")
        data(auditing, "entries", actor="end_user:1f0c")
    last = [look["filters"] for look in auditing.events(auditing.acme, "audit.viewed")[3:]]
    assert len(last) == 2 and "grace" not in str(last) and last[1] == {"actor": "end_user:1f0c"}
    assert last[0]["actor"].startswith("#") and last[0]["target"].startswith("account:#")
    assert {look["actor"] for look in looks} == {f"operator:{auditing.people['auditor'].pk}"}
    assert len(auditing.events(None, "audit.viewed")) == 1
    who_may_look(auditing)


def who_may_look(auditing: Auditing) -> None:
    """And nothing is recorded of who may not."""
    before = len(auditing.events(auditing.acme, "audit.viewed"))
    expected = {
        ("stranger", "tenant", "acme"): 404, ("reader", "tenant", "acme"): 403, ("manager", "tenant", "acme"): 403,
        ("nobody", "tenant", "acme"): 401, ("auditor", "tenant", "globex"): 404, ("auditor", "platform", "true"): 403,
        ("platform_auditor", "tenant", "acme"): 404, ("admin", "platform", "false"): 422,
    }  # fmt: skip
    for path, query in (
        ("entries", {}),
        ("entries/0", {}),
        ("entries/0/value", {"path": "target"}),
        ("rows", {"table": "guests", "key": "id=1"}),
    ):
        got = {asked: ask(auditing, asked[0], path, **query, **{asked[1]: asked[2]}).status_code for asked in expected}
        assert got == expected, path
        assert ask(auditing, "platform_auditor", "entries", platform="true").status_code == 200
        assert b"Ada of" not in ask(auditing, "admin", "entries", platform="true").content
    assert len(auditing.events(auditing.acme, "audit.viewed")) == before
    globex = ask(auditing, "admin", "entries", tenant="globex").content
    assert b"Secret Globex" in globex and b"Ada of Acme" not in globex and b"Countess" not in globex


def test_mistakes_are_said(auditing: Auditing) -> None:
    expected: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, str]] = {
        ("entries", (("cursor", "x"),)): (400, "BAD_CURSOR"),
        ("entries", (("pageSize", "0"),)): (422, "VALIDATION_FAILED"),
        ("entries", (("pageSize", "201"),)): (422, "VALIDATION_FAILED"),
        ("entries", (("op", "upsert"),)): (422, "VALIDATION_FAILED"),
        ("entries", (("from", "yesterday"),)): (422, "VALIDATION_FAILED"),
        ("entries", (("key", "id=1"),)): (422, "VALIDATION_FAILED"),
        ("entries", (("table", "guests"), ("key", "1"))): (422, "VALIDATION_FAILED"),
        ("entries", (("table", "guests"), ("key", '{"id": "\\u0000"}'))): (422, "VALIDATION_FAILED"),
        ("entries", (("table", "guests"), ("key", '{"id": ' + "[" * 300 + "]" * 300 + "}"))): (
            422,
            "VALIDATION_FAILED",
        ),
        ("entries", (("actor", "a\x00b"),)): (422, "VALIDATION_FAILED"),
        ("rows", (("table", "guests"),)): (422, "VALIDATION_FAILED"),
        ("entries/99999999999999999999", ()): (404, "NOT_FOUND"),
        ("entries/4711", ()): (404, "NOT_FOUND"),
    }
    got = {}
    for path, query in expected:
        answer = ask(auditing, "auditor", path, tenant="acme", **dict(query))
        got[path, query] = (answer.status_code, answer.json()["error"]["code"])
    assert got == expected
    close = ask(auditing, "auditor", "entries", tenant="acme", action="tenant.suspend").json()["error"]
    assert "tenant.suspended" in close["hint"] and close["details"]["field"] == "actions"
    assert auditing.events(auditing.acme, "audit.viewed") == []
    other = data(auditing, "entries", pageSize=1)["cursor"]
    assert ask(auditing, "auditor", "entries", tenant="acme", cursor=other, op="insert").status_code == 400
    assert data(auditing, "entries", table="no such table")["entries"] == []
