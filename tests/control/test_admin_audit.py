"""The audit browser: who may look, what is found, how it is shown, and that looking is recorded. Real logs, sealed."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.record import record
from apps.tenants.models import Tenant
from tests.control.audit_scene import HOSTILE, HUGE, REQUEST, WATCH, Parts, Scene, is_seen, lines, link, scene, served
from tests.identity.chromium import BINARY, chromium
from tests.tenant_database import fetch
from tests.waiting import until

__all__ = ["scene"]

pytestmark = pytest.mark.django_db


# --- who may look


def test_only_auditors_look_and_others_are_told_nothing(scene: Scene) -> None:
    expected = {
        # acme, globex, which only admin may see, and the platform's log
        "anonymous": (302, 302, 302),
        "stranger": (404, 404, 403),
        "reader": (403, 404, 403),
        "manager": (403, 404, 403),
        "auditor": (200, 404, 403),
        "platform_auditor": (404, 404, 200),
        "admin": (200, 200, 200),
    }
    for who, statuses in expected.items():
        client = scene.client(who)
        # The three pages have one way in; who may enter is asked at each of them.
        for page, args in (("-row", ()), ("-entry", (0,)), *([("", ())] if who in ("manager", "auditor") else [])):
            tenants = [reverse(f"tenant-audit{page}", args=[slug, *args]) for slug in ("acme", "globex")]
            for url, status in zip([*tenants, reverse(f"platform-audit{page}", args=args)], statuses, strict=True):
                answer = client.get(url)
                assert answer.status_code == status, (who, url)
                assert status == 200 or (b"Ada" not in answer.content and b"Globex" not in answer.content)
    # What nobody has is answered as what somebody else has.
    one, other = (scene.client("auditor").get(reverse("tenant-audit", args=[slug])) for slug in ("globex", "nobody"))
    assert (one.status_code, one.content) == (other.status_code, other.content)


def test_who_was_refused_is_not_recorded_as_having_looked(scene: Scene) -> None:
    before = [scene.events(tenant, "audit.viewed") for tenant in (scene.acme, scene.globex, None)]
    for who in ("stranger", "reader", "manager", "platform_auditor"):
        for url in (scene.list_url(), scene.list_url("globex"), scene.entry_url(0), scene.row_url("guests", "id=1")):
            scene.client(who).get(url)
    assert [scene.events(tenant, "audit.viewed") for tenant in (scene.acme, scene.globex, None)] == before


def test_links_are_for_auditors(scene: Scene) -> None:
    tenant = reverse("admin:tenants_tenant_change", args=[scene.acme.pk])
    project = reverse("admin:tenants_project_change", args=[scene.acme.project.pk])
    for who, may in {"manager": False, "auditor": True}.items():
        client = scene.client(who)
        for url in (tenant, project):
            page = client.get(url).content.decode()
            assert ("Audit trail" in page) is may, (who, url)
        assert (scene.list_url() in client.get(reverse("admin:index")).content.decode()) is may, who
        for name, row in (("tenant", scene.acme), ("project", scene.acme.project)):
            answer = client.get(reverse(f"admin:tenants_{name}_see_audit", args=[row.pk]))
            assert answer.status_code == (302 if may else 403), (who, name)
    user = reverse("tenant-user", args=["acme", scene.ada.pk])
    assert "Audit trail" not in scene.seen(user, "manager")
    assert scene.found(**{"who": f"end_user:{scene.ada.pk}"}) == lines(
        scene.seen(link(scene.seen(user), "What this user did"))
    )
    assert any(
        "user.created" in row for row in lines(scene.seen(link(scene.seen(user), "what was done to the account")))
    )
    dashboard = scene.client("platform_auditor").get(reverse("admin:index")).content.decode()
    assert reverse("platform-audit") in dashboard and scene.list_url() not in dashboard
    assert reverse("platform-audit") not in scene.client("auditor").get(reverse("admin:index")).content.decode()


def test_a_tenant_that_is_not_set_up_sends_back(scene: Scene) -> None:
    Tenant.objects.filter(pk=scene.acme.pk).update(state="provisioning")
    answer = scene.client("auditor").get(scene.list_url(), follow=True)
    assert answer.redirect_chain and "has no log" in answer.content.decode()


def test_looking_is_recorded_once_an_hour_with_what_was_looked_at(scene: Scene) -> None:
    before = len(scene.events(scene.acme, "audit.viewed"))
    for _ in range(2):
        scene.seen(scene.list_url(table="guests", key="id=1"))
        scene.seen(scene.entry_url(3))
        scene.seen(scene.row_url("guests", "id=1"))
        scene.seen(scene.list_url(who="ada.lovelace@example.com"))
        scene.seen(scene.list_url(key="no key", table="guests"))
        scene.seen(scene.entry_url(10**6), status=404)
    actor, log = f"operator:{scene.people['auditor'].pk}", f"log:{scene.log(scene.acme).origin}"
    assert scene.events(scene.acme, "audit.viewed")[before:] == [
        {"actor": actor, "target": log, "what": what, "filters": filters}
        for what, filters in (
            ("entries", {"table": ["guests"], "key": "id=1"}),
            ("entry", {"index": 3}),
            ("row", {"table": "guests", "key": "id=1"}),
            ("entries", {"who": f"end_user:{scene.ada.pk}"}),  # no address: an erasure would not find it
        )
    ]
    page = scene.seen(scene.list_url(what="audit.viewed"))
    assert "not sealed yet" in page and "auditor@example.com" in page


# --- the list


def test_lines_say_who_did_what_to_which_row(scene: Scene) -> None:
    page = scene.seen(scene.list_url())
    rows = lines(page)
    assert any("Website" in row and "Added a row by the API guests id=1" in row for row in rows)
    update = next(row for row in rows if "rate vip wishes" in row)
    assert "ada.lovelace@example.com user Changed a row by the API guests id=1 rate vip wishes" in update
    assert any("the tables' owner Deleted a row by SQL, as the tables' owner guests id=2" in row for row in rows)
    assert any("manager@example.com operator A tenant answers no requests until it is resumed" in row for row in rows)
    # What is committed and not sealed stands on top and says so.
    assert "not sealed yet" in rows[0].lower() and "guests id=1 notes" in rows[0]
    assert sum("not sealed yet" in row.lower() for row in rows) == 1
    assert "What proves something is an" in page and "recorded in this log under your name" in page


@pytest.mark.parametrize(
    ("query", "has", "lacks"),
    [
        ({"who": "Ada.Lovelace@example.com"}, "ada.lovelace@", "Website"),
        ({"who": "manager@example.com"}, "tenant.suspended", "Ada"),
        ({"who": "system"}, "Kapok", "Website"),
        ({"what": "delete"}, "Deleted a row", "Added a row"),
        ({"what": ["delete", "tenant.suspended"]}, "tenant.suspended", "Added a row"),
        ({"what": "2xx"}, "tenant.resumed", "Deleted a row"),
        ({"table": "payments"}, "payments id=1", "guests"),
        ({"table": "<b>odd</b> & co"}, "<b>odd</b> & co id=1", "guests"),
        ({"table": "guests", "key": "id=3"}, "guests id=3", "id=1"),
        ({"table": "guests", "key": '{"id": 3}'}, "guests id=3", "id=1"),
        ({"source": "owner"}, "by SQL", "by the API"),
        ({"outcome": "ok", "kind": "events"}, "tenant.suspended", "guests"),
        ({"kind": "changes"}, "guests", "tenant.suspended"),
        ({"request": "req-2"}, "guests id=1 notes", "vip"),
    ],
)
def test_filters_find_what_fits_and_nothing_else(scene: Scene, query: dict[str, Any], has: str, lacks: str) -> None:
    rows = scene.found(**query)
    assert rows and any(has in row for row in rows)
    assert not any(lacks in row for row in rows)


def test_nothing_fits_and_what_cannot_be_meant(scene: Scene) -> None:
    page = scene.seen(scene.list_url(who="nobody@example.com"))
    assert "No entry fits" in page and "nobody@example.com" in page and not lines(page)
    for query, said in {
        "outcome=refused": "No entry fits",
        "to=2001-01-01": "No entry fits",
        "from=yesterday": "is no time",
        "what=user.exploded": "nothing called",
        "key=id%3D1": "needs the one table",
        "table=guests&key=nonsense": "A key is like",
        "cursor=nonsense": "cursor",
        "who=%00&key=%00": "Entry",
    }.items():
        assert said in scene.seen(f"{scene.list_url()}?{query}"), query


def test_one_name_for_several_is_asked_back(scene: Scene) -> None:
    page = scene.seen(scene.list_url(who="Website"))
    assert "Whom do you mean?" in page and not lines(page)
    key = f"api_key:{scene.key.pk}"
    assert parse_qs(urlsplit(re.search(rf'href="([^"]*{scene.key.pk}[^"]*)"', page)[1]).query)["who"] == [key]  # type: ignore[index]
    rows = scene.found(who=key)
    assert rows and all("Website" in row for row in rows)


def test_a_preset_becomes_a_time_that_can_be_sent_to_a_colleague(scene: Scene) -> None:
    answer = scene.client("auditor").get(scene.list_url(range="hour", table="guests", to="2001-01-01"))
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query.keys() == {"table", "from"} and query["from"][0].endswith("00Z")
    assert lines(scene.seen(answer["Location"]))


def test_pages_older_and_newer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.control.audit_pages.list_page.PAGE_SIZE", 4)
    url = scene.list_url(kind="changes")
    pages, addresses = [], []
    while True:
        page = scene.seen(url)
        pages.append(lines(page)[1:] if not pages else lines(page))
        addresses.append(url)
        if "Older" not in page:
            break
        url = link(page, "Older")
    everything = [row for rows in pages for row in rows]
    numbers = [int(row.split()[-1]) for row in everything]
    assert len(pages) >= 3 and numbers == sorted(set(numbers), reverse=True)
    assert [
        int(row.split()[-1])
        for row in scene.found(kind="changes", cursor=parse_qs(urlsplit(addresses[1]).query)["cursor"])
    ] == numbers[4:8]
    # And back, page by page.
    for number in range(len(addresses) - 2, -1, -1):
        url = link(page, "← Newer")
        page = scene.seen(url)
        assert lines(page)[-len(pages[number]) :] == pages[number]
    assert "← Newer" not in page and "kind=changes" in url


def test_the_filter_leads_to_the_export_of_it(scene: Scene) -> None:
    actor = f"end_user:{scene.ada.pk}"
    page = scene.seen(scene.list_url(who=actor, table=["guests", "payments"], **{"from": "2026-01-01"}))
    url = urlsplit(link(page, "Export this"))
    assert url.path == reverse("admin:tenants_auditexport_add")
    assert parse_qs(url.query) == {
        "tenant": ["acme"], "tables": ["guests,payments"], "actors": [actor], "since": ["2026-01-01T00:00:00Z"],
    }  # fmt: skip
    assert scene.client("auditor").get(url.geturl()).status_code == 200
    assert "Export what these are part of" in scene.seen(scene.list_url(what="insert"))
    wider = link(scene.seen(scene.list_url(who=actor, table=["guests", "a, b"])), "Export what these are part of")
    assert parse_qs(urlsplit(wider).query) == {"tenant": ["acme"], "actors": [actor]}  # a comma parts names there


def test_the_platforms_own_log(scene: Scene) -> None:
    page = scene.seen(reverse("platform-audit") + "?what=5xx", "platform_auditor")
    assert any("admin@example.com" in row and "control_token.created" in row for row in lines(page))
    # It has no changes of rows, and so no tables, keys and histories of them.
    row = reverse("platform-audit-row", query={"table": "tenants_tenant", "key": "id=1"})
    assert "nothing of such a row" in scene.seen(row, "platform_auditor")
    assert 'name="table"' not in page and 'value="insert"' not in page
    entry = scene.seen(reverse("platform-audit-entry", args=[0]), "platform_auditor")
    assert "migrations.uploaded" in entry and "acme-app" in entry
    # Names of what the viewer may not see stay out, apart from what the log itself says.
    assert scene.acme.project.slug not in re.sub(r"<dd>.*?</dd>|<pre.*?</pre>", "", entry, flags=re.DOTALL)


# --- one entry, one row


def test_before_and_after_stand_side_by_side(scene: Scene) -> None:
    index = scene.index_of("c.table_name = 'guests' and c.before->>'rate' = '120.50' and c.op = 'update'")
    page = scene.seen(scene.entry_url(index))
    rows = re.findall(r'<tr class="audit-differs">.*?</tr>', page, re.DOTALL)
    assert [re.search(r"<bdi>(.*?)</bdi>", row)[1] for row in rows] == ["rate", "vip", "wishes"]  # type: ignore[index]
    assert "120.50" in rows[0] and "119.00" in rows[0] and "(changed)" in rows[0]
    assert rows[2].count("<mark>") >= 2 and "&quot;floor&quot;: 5" in rows[2]
    assert "4 columns that are the same" in page
    assert f"by the checkpoint of {scene.sealed_size} entries" in page
    assert scene.row_url("guests", '{"id": 1}') in html.unescape(page)
    others = lines(scene.seen(link(page, "everything of this request")))
    assert others and all(not row.startswith("req-2") for row in others)
    assert (
        len(others)
        == fetch(f'select count(*) from "{scene.acme.schema_name}".kapok_change where request_id = %s', REQUEST)[0][0]
    )


def test_an_entrys_json_has_the_values_as_they_were_sealed(scene: Scene) -> None:
    index = scene.index_of("c.table_name = 'guests' and c.before->>'rate' = '120.50' and c.op = 'update'")
    answer = scene.client("auditor").get(scene.entry_url(index) + "?format=json")
    assert answer["Content-Type"] == "application/json" and answer["Content-Disposition"].startswith("attachment")
    assert b'"rate": 120.50' in answer.content or b'"rate":120.50' in answer.content
    assert orjson.loads(answer.content)["index"] == index


def test_what_is_gone_is_said_plainly(scene: Scene) -> None:
    redacted = scene.seen(scene.entry_url(scene.index_of("c.table_name = 'payments' and c.op = 'insert'")))
    assert ">redacted</span>" in redacted and "241.00" in redacted and "4111" not in redacted
    keys_only = scene.seen(scene.entry_url(scene.index_of("c.table_name = 'visits'")))
    assert "Only that it happened, and to which key" in keys_only
    erased = scene.seen(scene.entry_url(scene.index_of("c.key = '{\"id\": 3}'")))
    assert erased.count(">erased</span>") >= 5 and "Grace" not in erased and "forgotten" not in erased
    assert "not what was sealed" not in erased


@pytest.mark.superuser
def test_a_row_that_was_changed_afterwards_is_called_out(scene: Scene) -> None:
    index = scene.index_of("c.table_name = 'payments' and c.op = 'update'")
    scene.tamper(index, "update {schema}.kapok_change set after = after || '{\"amount\": 1}'")
    page = scene.seen(scene.entry_url(index))
    assert "This is not what was sealed." in page and 'role="alert"' in page
    assert any("not what was sealed" in row.lower() for row in scene.found(table="payments"))
    assert "This is not what was sealed." not in scene.seen(scene.entry_url(index - 1))


@pytest.mark.superuser
def test_a_row_that_is_gone_is_told_from_one_that_is_too_old(scene: Scene) -> None:
    index = scene.index_of("c.table_name = 'payments' and c.op = 'update'")
    scene.tamper(index, "delete from {schema}.kapok_change")
    assert "The record of this entry is gone." in scene.seen(scene.entry_url(index))
    details = {"table": "kapok_change", "before": "2100-01-01T00:00:00Z", "rows": 1}
    record("audit.expired", log=scene.log(scene.acme), actor="system", target="log:x", details=details)
    page = scene.seen(scene.entry_url(index))
    assert "older than records are kept here" in page and "The record of this entry is gone." not in page


def test_the_history_of_a_row(scene: Scene) -> None:
    page = scene.seen(scene.row_url("guests", "id=1"))
    versions = re.findall(r'<li class="audit-op-(\w+)">(.*?)</li>', page, re.DOTALL)
    assert [op for op, _ in versions] == ["update", "update", "update", "insert"]
    assert "not sealed yet" in versions[0][1].lower()
    assert "<mark>very </mark>quiet room." in versions[1][1]
    assert "120.50" in versions[2][1] and "119.00" in versions[2][1]
    assert "Ada Lovelace" in versions[3][1] and "Before" not in versions[3][1]
    assert (
        scene.entry_url(scene.index_of("c.op = 'insert' and c.key = '{\"id\": 1}' and c.table_name = 'guests'")) in page
    )
    assert "The log has nothing of such a row." in scene.seen(scene.row_url("guests", "id=999"))
    assert "The log has nothing of such a row." in scene.seen(scene.row_url("no such table", "id=1"))
    assert "A key is like" in scene.seen(scene.row_url("guests", "nonsense"))
    assert "audit-timeline" not in scene.seen(scene.row_url("", ""))


# --- hostile values


def test_values_are_only_text_on_every_page(scene: Scene) -> None:
    hostile = scene.index_of("c.op = 'insert' and c.key = '{\"id\": 2}'")
    urls = [
        scene.list_url(),
        scene.entry_url(hostile),
        scene.row_url("guests", "id=2"),
        scene.list_url(who=HOSTILE, what=HOSTILE, table=HOSTILE, key=HOSTILE, request=HOSTILE, **{"from": HOSTILE}),
        scene.row_url(HOSTILE, HOSTILE),
        scene.entry_url(scene.index_of("c.table_name like '<b>%'")),
        scene.list_url(table=HOSTILE, outcome=HOSTILE, kind=HOSTILE, cursor=HOSTILE, back=HOSTILE),
    ]
    for url in urls:
        answer = scene.client("auditor").get(url)
        text = answer.content.decode()
        assert answer.status_code == 200
        parts = Parts(text)
        assert parts.tags.isdisjoint({"b", "embed", "iframe", "img", "object"}), url
        assert not [name for _, name, _ in parts.attributes if name.startswith("on") or name == "autofocus"], url
        assert not [value for _, name, value in parts.attributes if name == "x-init" and "alert" in value], url
        assert parts.inline_scripts == 0, "an inline script, which the policy refuses"
        # A field has to send back what it was given; everywhere else what cannot be seen is named.
        assert not re.search("[\u202e\x07]", re.sub(r' (value|title)="[^"]*"', "", text)), url
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval';" in policy and "no-store" in answer["Cache-Control"]


def test_huge_and_deep_values_make_no_huge_page(scene: Scene) -> None:
    index = scene.index_of("c.op = 'update'", tenant=scene.globex)
    page = scene.seen(scene.entry_url(index, "globex"), "admin")
    assert len(page) < 300_000
    assert f"of {HUGE + 1} characters" in page and "<mark>y</mark>" in page
    assert len(scene.seen(scene.row_url("guests", "id=4", "globex"), "admin")) < 300_000
    assert len(scene.seen(scene.list_url("globex"), "admin")) < 300_000
    whole = scene.client("admin").get(scene.entry_url(index, "globex") + "?format=json").content
    assert len(whole) > 2 * HUGE


# --- what a page costs


def test_the_number_of_queries_does_not_grow_with_the_entries(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client = scene.client("auditor")

    def count(url: str) -> int:
        with CaptureQueriesContext(connection) as seen_:
            assert client.get(url).status_code == 200
        return len(seen_)

    urls = {scene.list_url(): 45, scene.row_url("guests", "id=1"): 45, scene.entry_url(15): 40}
    for url in urls:
        count(url)
    monkeypatch.setattr("apps.control.audit_pages.list_page.PAGE_SIZE", 3)
    monkeypatch.setattr("apps.control.audit_pages.row_page.PAGE_SIZE", 1)
    few = {url: count(url) for url in urls}
    monkeypatch.undo()
    many = {url: count(url) for url in urls}
    assert all(many[url] <= few[url] + 4 for url in urls), (few, many)
    assert all(many[url] < most for url, most in urls.items()), many


@pytest.mark.skipif(BINARY is None, reason="Chromium is not installed (Debian's package chromium)")
def test_in_a_browser_nothing_hostile_runs_and_all_is_there_without_scripts(scene: Scene, tmp_path: Path) -> None:
    hostile = scene.entry_url(scene.index_of("c.key = '{\"id\": 2}'", tenant=scene.globex), "globex")
    with served() as base, chromium(tmp_path / "profile") as page:
        page.send("Network.setCookie", name="sessionid", value=scene.session("admin"), url=base)
        page.send("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        for url in (scene.list_url("globex"), hostile, scene.row_url("guests", "id=2", "globex")):
            page.open(base + url)
            # The admin's frame works under the stricter policy, and nothing on the page asks for more.
            assert page.run("document.querySelectorAll('.audit').length + typeof Alpine") == "1object", url
            assert page.run("[window.ran, ...window.refused].join()") == "0", url
        page.send("Emulation.setScriptExecutionDisabled", value=True)
        page.send("Page.navigate", url=base + hostile)
        until(lambda: is_seen(page, "h2"))
