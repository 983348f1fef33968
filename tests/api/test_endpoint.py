"""The GraphQL endpoint as callers meet it: four principals, every kind of bad input, over real HTTP."""

from __future__ import annotations

import hashlib
import socket
import uuid

import httpx
import pytest

from kapok.templates.bookings.seed_accounts import ACCOUNTS
from tests.live import Live, LiveTenant
from tests.waiting import until

CITIES = "{ cities(orderBy: [{name: ASC}]) { id name } }"
G = "application/graphql-response+json"


def test_service_sees_all_and_anon_what_the_allow_list_gives(acme: LiveTenant) -> None:
    assert acme.data("{ members(limit: 1) { email } cities(limit: 1) { name } }")["members"]
    assert acme.data("{ cities(limit: 1) { name } }", key=acme.publishable_key)["cities"]
    for hidden in ("{ members { email } }", "{ partners { contactEmail } }", "{ bookingsAggregate { count } }"):
        error = acme.error(hidden, key=acme.publishable_key)
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "@" not in error["message"]


def test_the_schema_of_anon_names_nothing_hidden(acme: LiveTenant) -> None:
    names = "{ __schema { types { name fields { name } } } }"
    anon = str(acme.data(names, key=acme.publishable_key))
    service = str(acme.data(names))
    for hidden in ("Member", "Booking", "contactEmail", "commissionRate", "Payment"):
        assert hidden in service
        assert hidden not in anon


def test_tenants_see_their_own_rows(acme: LiveTenant, globex: LiveTenant) -> None:
    query = "{ members(limit: 1000, orderBy: [{id: ASC}]) { id email } }"
    ours, theirs = acme.data(query)["members"], globex.data(query)["members"]
    assert ours
    assert theirs
    # The accounts to sign in with are made in both.
    shared = {row["id"] for row in ours} & {row["id"] for row in theirs}
    assert shared == {str(account.id) for account in ACCOUNTS}


@pytest.mark.parametrize("principal", ["none", "garbage", "unknown", "strangers"])
def test_refused_principals(acme: LiveTenant, globex: LiveTenant, principal: str) -> None:
    keys = {"none": "", "garbage": "not a key", "unknown": "ksec_" + "A" * 43, "strangers": globex.secret_key}
    error = acme.error(CITIES, key=keys[principal])
    expected = (403, "TENANT_MISMATCH") if principal == "strangers" else (401, "UNAUTHENTICATED")
    assert (error["status"], error["extensions"]["code"]) == expected
    assert "globex" not in str(error)


def test_key_by_bearer_and_by_header_must_agree(acme: LiveTenant) -> None:
    body = {"query": CITIES}
    bearer = {"authorization": f"Bearer {acme.secret_key}"}
    assert httpx.post(acme.graphql_url, json=body, headers=bearer).json()["data"]["cities"]
    both = {**bearer, "apikey": acme.publishable_key}
    assert httpx.post(acme.graphql_url, json=body, headers=both).status_code == 401


def test_host_path_and_key_must_agree(live: Live) -> None:
    port = httpx.URL(live.base_url).port
    headers = {"host": f"acme.localhost:{port}", "apikey": live.acme.secret_key}
    by_host = httpx.post(f"{live.base_url}/graphql", json={"query": CITIES}, headers=headers)
    assert by_host.json()["data"]["cities"]
    crossed = httpx.post(live.globex.graphql_url, json={"query": CITIES}, headers=headers)
    assert (crossed.status_code, crossed.json()["errors"][0]["extensions"]["code"]) == (403, "TENANT_MISMATCH")
    key_crossed = httpx.post(
        f"{live.base_url}/graphql", json={"query": CITIES}, headers={**headers, "apikey": live.globex.secret_key}
    )
    assert key_crossed.status_code == 403


@pytest.mark.parametrize("slug", ["nobody", "ACME", "acme'--", "%2e", "%00", "a" * 300, "public", "pg_catalog", ""])
def test_hostile_slugs_find_nothing(live: Live, slug: str) -> None:
    response = httpx.post(
        f"{live.base_url}/t/{slug}/graphql", json={"query": CITIES}, headers={"apikey": live.acme.secret_key}
    )
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["code"] == "TENANT_NOT_FOUND"


@pytest.mark.parametrize(
    "host", ["acme.localhost.evil.example", "globex.localhost", "t_x", "a b", "acme.localhost:99999999"]
)
def test_hostile_hosts(live: Live, host: str) -> None:
    response = httpx.post(
        live.acme.graphql_url, json={"query": CITIES}, headers={"apikey": live.acme.secret_key, "host": host}
    )
    if host == "globex.localhost":
        assert response.status_code == 403
    elif host in ("a b", "acme.localhost:99999999"):
        assert response.status_code == 400
    else:  # an unknown host says nothing; the path decides
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ cities { nope } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ city(id: {}) { name } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { cities { id } } query B { cities { id } }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ cities(limit: -1) { id } }", "BAD_USER_INPUT"),
        ("{ citiesConnection(first: 1, last: 1) { nodes { id } } }", "BAD_USER_INPUT"),
        ('{ citiesConnection(first: 1, after: "x") { nodes { id } } }', "BAD_CURSOR"),
        ("mutation { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a" + ": cities { name } a".join(str(n) for n in range(200)) + ": cities { name } }", "QUERY_TOO_COMPLEX"),
        ("{ cities " + "{ establishments { city " * 12 + "{ id }" + " } }" * 12 + " }", "QUERY_TOO_COMPLEX"),
    ],
)
def test_bad_documents(acme: LiveTenant, query: str, code: str) -> None:
    error = acme.error(query)
    assert error["status"] == 200
    assert error["extensions"]["code"] == code
    assert error["extensions"]["requestId"]
    response = httpx.post(acme.graphql_url, json={"query": query}, headers={"apikey": acme.secret_key, "accept": G})
    assert response.status_code == 400
    assert response.headers["content-type"].startswith(G)


@pytest.mark.parametrize("identifier", ["x", "99999999999999999999", "1; drop table cities", "' or 1=1 --", "1\x00"])
def test_wrong_ids_are_the_callers_mistake(acme: LiveTenant, identifier: str) -> None:
    error = acme.error("query($id: ID!) { city(id: $id) { name } }", variables={"id": identifier})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "select" not in str(error).lower()
    assert acme.data(CITIES)["cities"]


def test_variable_of_wrong_type_and_missing(acme: LiveTenant) -> None:
    query = "query($n: Int!) { cities(limit: $n) { id } }"
    for variables in ({"n": "one"}, {"n": None}, {}, {"n": 1.5}, {"n": [1]}):
        error = acme.error(query, variables=variables)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "$n" in error["message"]


def test_bodies_that_are_too_large_or_broken(acme: LiveTenant) -> None:
    headers = {"apikey": acme.secret_key, "content-type": "application/json"}
    large = httpx.post(acme.graphql_url, json={"query": "{" + " " * 1_000_000 + "cities { id } }"}, headers=headers)
    assert large.status_code == 413 or large.json()["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    huge = httpx.post(acme.graphql_url, content=b" " * 3_000_000, headers=headers)
    assert (huge.status_code, huge.json()["errors"][0]["extensions"]["code"]) == (413, "DOCUMENT_TOO_LARGE")
    broken = httpx.post(acme.graphql_url, content=b'{"query": "{ cities', headers=headers)
    assert (broken.status_code, broken.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    text = httpx.post(acme.graphql_url, content=b"{}", headers={**headers, "content-type": "text/plain"})
    assert text.status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods(acme: LiveTenant, method: str) -> None:
    response = httpx.request(method, acme.graphql_url, headers={"apikey": acme.secret_key})
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


def test_get_runs_queries_only(acme: LiveTenant) -> None:
    headers = {"apikey": acme.secret_key}
    query = httpx.get(acme.graphql_url, params={"query": CITIES}, headers=headers)
    assert query.json()["data"]["cities"]
    mutation = httpx.get(acme.graphql_url, params={"query": "mutation { x }"}, headers=headers)
    assert (mutation.status_code, mutation.headers["allow"]) == (405, "POST")


def test_a_browser_gets_graphiql_from_us_alone(acme: LiveTenant) -> None:
    page = httpx.get(acme.graphql_url, headers={"accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 200
    assert "default-src" in page.headers["content-security-policy"]
    assert "https://" not in page.text


def test_automatic_persisted_documents(acme: LiveTenant) -> None:
    query = "{ cities(limit: 2) { name } } # " + uuid.uuid4().hex
    digest = hashlib.sha256(query.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    headers = {"apikey": acme.secret_key}

    def send(**body: object) -> httpx.Response:
        return httpx.post(acme.graphql_url, json={"extensions": extensions, **body}, headers=headers)

    missing = send().json()["errors"][0]
    assert (missing["message"], missing["extensions"]["code"]) == (
        "PersistedQueryNotFound",
        "PERSISTED_QUERY_NOT_FOUND",
    )
    wrong = send(query=query + " ").json()["errors"][0]
    assert wrong["extensions"]["code"] == "PERSISTED_QUERY_HASH_MISMATCH"
    assert len(send(query=query).json()["data"]["cities"]) == 2
    assert len(send().json()["data"]["cities"]) == 2


def test_every_answer_can_be_traced(live: Live, acme: LiveTenant) -> None:
    sent = uuid.uuid4().hex
    response = httpx.post(
        acme.graphql_url, json={"query": CITIES}, headers={"apikey": acme.secret_key, "x-request-id": sent}
    )
    assert response.headers["x-request-id"] == sent
    assert "db;dur=" in response.headers["server-timing"]
    injected = httpx.post(acme.graphql_url, json={"query": "{"}, headers={"x-request-id": "a\tb" * 9})
    assert injected.headers["x-request-id"] != "a\tb" * 9
    until(lambda: sent in live.log.read_text(errors="replace"))


def test_probes(live: Live, acme: LiveTenant) -> None:
    acme.data(CITIES)
    assert httpx.get(f"{live.base_url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{live.base_url}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready"), ready.text
    assert "acme" not in ready.text and ready.json()["checks"]["audit"]
    metrics = httpx.get(f"{live.base_url}/metrics").text
    assert "kapok_audit_watch_age_seconds" in metrics
    assert 'kapok_plan_cache_total{result="hit"}' in metrics
    assert 'kapok_tenant_requests_total{tenant="acme"}' in metrics
    assert 'kapok_pool_connections{state="idle"}' in metrics


@pytest.mark.parametrize("path", ["/admin/login/", "/api/v1/me", "/_dev/inbox", "/nothing"])
def test_a_foreign_name_that_leads_to_this_machine_shows_nothing(live: Live, path: str) -> None:
    """DNS rebinding: a page of evil.example, in the developer's browser, asks its own name and reaches `kapok dev`."""
    port = httpx.URL(live.base_url).port
    headers = {"authorization": f"Bearer {live.control_token}"}
    for host in (f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "192.0.2.7"):
        answer = httpx.get(f"{live.base_url}{path}", headers={**headers, "host": host})
        assert (answer.status_code, answer.json()["error"]["code"]) == (421, "UNKNOWN_HOST"), host
        assert "KAPOK_ALLOWED_HOSTS" in answer.json()["error"]["hint"]
    for host in (f"localhost:{port}", "127.0.0.1", f"[::1]:{port}", socket.gethostname()):
        answer = httpx.get(f"{live.base_url}{path}", headers={**headers, "host": host})
        assert answer.status_code == (404 if path == "/nothing" else 200), host


def test_a_tenants_host_shows_neither_metrics_nor_admin(live: Live) -> None:
    for path in ("/metrics", "/admin/", "/api/v1/tenants"):
        response = httpx.get(f"{live.base_url}{path}", headers={"host": "acme.localhost"})
        assert response.status_code == 404
        assert "globex" not in response.text
