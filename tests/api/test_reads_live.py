"""Recorded reads on a running Kapok: audit.yaml turns them on and off in every tenant of a project within a moment,
every caller is named, whichever way the request is answered, and a refused one is no read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.shops import Shop
from tests.live import Live
from tests.minting import Mint
from tests.waiting import once_within, until

RECORDED = "tables: {customers: {reads: keys}, tags: {reads: true}}"
CUSTOMERS = "query Look { customers { name } }"
FORWARDED = {"x-forwarded-for": "203.0.113.88"}
WITHIN = 1.0


def set_audit(live: Live, text: str) -> None:
    """And wait for the job that makes the logs follow it: it locks tables."""
    response = live.control("PUT", "/projects/shop/audit", json={"text": text}).raise_for_status()
    operation = response.json()["data"]["operation"]
    if operation is not None:
        path = f"/operations/{operation['id']}"
        until(lambda: live.control("GET", path).json()["data"]["state"] == "succeeded", otherwise=lambda: path)


def events(shop: Shop, *, of: str = FORWARDED["x-forwarded-for"]) -> list[dict[str, Any]]:
    """Recorded reads of a tenant from an address of this file's own."""
    with psycopg.connect(shop.database_url) as session:
        rows = session.execute(
            f'select actor, target, request_id, details from "{shop.schema}".kapok_event'
            " where action = 821 and address = %s order by position",
            [of],
        ).fetchall()
    return [dict(zip(("actor", "target", "request", "details"), row, strict=True)) for row in rows]


def ask(shop: Shop, query: str, **headers: str) -> httpx.Response:
    return httpx.post(shop.tenant.graphql_url, json={"query": query}, headers={**FORWARDED, **headers}, timeout=30)


@pytest.fixture(scope="module")
def recorded(live: Live, shops: tuple[Shop, Shop]) -> Iterator[tuple[Shop, Shop]]:
    """Both tenants, with reads of customers and tags recorded."""
    set_audit(live, RECORDED)
    for shop in shops:
        shop.refill()
        until(lambda shop=shop: ask(shop, CUSTOMERS, apikey=shop.service).is_success and events(shop))
    yield shops
    set_audit(live, "")


@pytest.fixture
def told(recorded: tuple[Shop, Shop]) -> Callable[[Shop], list[dict[str, Any]]]:
    """Events since the test began."""
    before = {shop.schema: len(events(shop)) for shop in recorded}
    return lambda shop: events(shop)[before[shop.schema] :]


def test_each_caller_is_named_and_each_tenant_has_its_own(
    live: Live, recorded: tuple[Shop, Shop], told: Callable[[Shop], list[dict[str, Any]]]
) -> None:
    north, south = recorded
    mint = Mint(live, north.tenant, project="shop").install()
    user = mint.token(roles=["clerk"], sub="nurse-7")
    callers = {
        "service": {"apikey": north.service},
        "clerk": {"apikey": north.clerk},
        "user": {"authorization": f"Bearer {user}"},
    }
    seen = []
    for name, headers in callers.items():
        for _ in range(3):  # the endpoint's answer, then the hot path's
            answer = ask(north, CUSTOMERS, **headers)
            assert len(answer.json()["data"]["customers"]) == 2, (name, answer.json())
            seen.append(answer.headers["x-request-id"])
    found = told(north)
    assert [event["request"] for event in found] == seen
    assert [event["details"]["role"] for event in found] == ["service"] * 3 + ["clerk"] * 6
    assert {event["details"]["operation"] for event in found} == {"Look"}
    assert {event["details"]["rows"] for event in found} == {2}
    actors = [event["actor"] for event in found]
    assert actors[6:] == ["end_user:nurse-7"] * 3
    assert all(actor.startswith("key:") for actor in actors[:6]) and len(set(actors)) == 3
    assert {event["target"] for event in found} == {f"tenant:{north.tenant.id}"}
    assert told(south) == []
    assert ask(south, CUSTOMERS, apikey=south.clerk).is_success
    assert len(told(south)) == 1 and len(told(north)) == 9


def test_what_is_refused_or_reads_other_things_is_no_read(
    recorded: tuple[Shop, Shop], told: Callable[[Shop], list[dict[str, Any]]]
) -> None:
    north, south = recorded
    for _ in range(2):
        assert "errors" in ask(north, CUSTOMERS, apikey=north.anon).json(), "visitors see no customers"
        assert ask(north, CUSTOMERS, apikey=south.service).status_code == 403
        assert ask(north, CUSTOMERS).status_code == 401
        assert "data" in ask(north, "{ orders { number } }", apikey=north.service).json()
        assert "data" in ask(north, "{ __schema { queryType { name } } }", apikey=north.service).json()
    assert told(north) == [] and told(south) == []
    assert ask(north, "{ tags { name } }", apikey=north.anon).json()["data"]["tags"]
    [event] = told(north)
    assert event["details"]["tables"] == ["tags"] and event["details"]["role"] == "anon"


def test_mutations_and_introspection_that_read_as_well(
    recorded: tuple[Shop, Shop], told: Callable[[Shop], list[dict[str, Any]]]
) -> None:
    north = recorded[0]
    made = 'mutation { createCustomer(input: {email: "di@example.com", name: "Di"}) { name } }'
    assert ask(north, made, apikey=north.clerk).json()["data"] == {"createCustomer": {"name": "Di"}}
    assert (
        "data" in ask(north, "{ __typename __schema { queryType { name } } tags { name } }", apikey=north.anon).json()
    )
    assert [event["details"]["tables"] for event in told(north)] == [["customers"], ["tags"]]
    north.refill()


def test_nothing_is_given_out_while_nothing_can_be_recorded(
    recorded: tuple[Shop, Shop], told: Callable[[Shop], list[dict[str, Any]]]
) -> None:
    north = recorded[0]
    no_more = "alter table kapok_event add constraint no_more check (action <> 821) not valid"
    north.run(no_more)
    try:
        for _ in range(2):
            answer = ask(north, CUSTOMERS, apikey=north.service)
            assert answer.status_code in (200, 503)
            assert answer.json()["errors"][0]["extensions"]["code"] == "READ_NOT_RECORDED"
            assert "data" not in answer.json() and "Ann" not in answer.text
        made = 'mutation { createCustomer(input: {email: "e@example.com", name: "E"}) { name } }'
        with north.untouched():
            code = ask(north, made, apikey=north.clerk).json()["errors"][0]["extensions"]["code"]
            assert code == "READ_NOT_RECORDED"
    finally:
        north.run("alter table kapok_event drop constraint no_more")
    assert told(north) == []


def test_it_is_turned_off_and_on_within_a_second(live: Live, recorded: tuple[Shop, Shop]) -> None:
    south = recorded[1]

    def follows(wanted: bool) -> bool:
        before = len(events(south))
        assert ask(south, CUSTOMERS, apikey=south.service).is_success
        return (len(events(south)) > before) is wanted

    def changes() -> float:
        """The longer of two, from the answer of the control API."""
        took = []
        for text, wanted in (("", False), (RECORDED, True)):
            live.control("PUT", "/projects/shop/audit", json={"text": text}).raise_for_status()
            took.append(until(lambda wanted=wanted: follows(wanted)))
        return max(took)

    once_within(WITHIN, changes)


def test_names_that_are_none_are_refused(live: Live, recorded: tuple[Shop, Shop]) -> None:
    for text, says in (
        ("tables: {custmers: {reads: true}}", "Did you mean customers?"),
        ("functions: [shipp]", "Did you mean ship?"),
        ("tables: {customers: {reads: maybe}}", "true, false, keys"),
    ):
        answer = live.control("PUT", "/projects/shop/audit", json={"text": text})
        assert answer.status_code == 422 and says in answer.text
