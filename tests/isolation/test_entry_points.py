"""Every way into the data plane, tried by every principal: who gets rows, and that refusals hold no row and no name.

Tenants acme and globex of one project, and `outsider` of another.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.live import Live, LiveTenant
from tests.waiting import until

EMAILS = "{ members(limit: 1000) { email } }"
CITIES = "{ cities(limit: 1) { name } }"
DOMAIN = "acme-custom.example"
PRINCIPALS = ("secret", "publishable", "neighbour", "outsider", "unknown", "none")

Send = Callable[[Live, str, str, str], httpx.Response]


@pytest.fixture(scope="module", autouse=True)
def outsider(live: Live, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The secret key of a tenant of another project; acme gets a domain of its own."""
    folder = tmp_path_factory.mktemp("projects") / "outsiders"
    live.cli("init", str(folder), "--template", "blank")
    live.cli("migrate", "up", cwd=folder)
    live.cli("tenant", "create", "outsider", cwd=folder)
    live.cli("domain", "add", "acme", DOMAIN)
    key = str(live.cli("keys", "create", "outsider")["key"])
    url = f"{live.base_url}/t/outsider/graphql"
    until(lambda: _by_domain(live, CITIES, live.acme.secret_key, "").status_code == 200)
    until(lambda: httpx.post(url, json={"query": "{ __typename }"}, headers=_headers(key)).status_code == 200)
    return key


@pytest.fixture(params=PRINCIPALS)
def principal(request: pytest.FixtureRequest, live: Live, outsider: str) -> tuple[str, str]:
    """A principal's name and the key it sends to acme."""
    keys = {
        "secret": live.acme.secret_key,
        "publishable": live.acme.publishable_key,
        "neighbour": live.globex.secret_key,
        "outsider": outsider,
        "unknown": "ksec_" + "A" * 43,
        "none": "",
    }
    return request.param, keys[request.param]


def _headers(key: str, **more: str) -> dict[str, str]:
    return {**({"apikey": key} if key else {}), **more}


def _post(live: Live, query: str, key: str, host: str = "", path: str = "/t/acme/graphql") -> httpx.Response:
    headers = _headers(key, host=host) if host else _headers(key)
    return httpx.post(live.base_url + path, json={"query": query}, headers=headers, timeout=30)


def _by_path(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    return _post(live, query, key)


def _by_host(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    return _post(live, query, key, f"acme.localhost:{httpx.URL(live.base_url).port}", "/graphql")


def _by_domain(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    return _post(live, query, key, DOMAIN, "/graphql")


def _by_get(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    return httpx.get(live.acme.graphql_url, params={"query": query}, headers=_headers(key), timeout=30)


def _by_bearer(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.post(live.acme.graphql_url, json={"query": query}, headers=headers, timeout=30)


def _by_hash(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    return httpx.post(live.acme.graphql_url, json={"extensions": extensions}, headers=_headers(key), timeout=30)


def _by_document_id(live: Live, query: str, key: str, digest: str) -> httpx.Response:
    body = {"documentId": f"sha256:{digest}"}
    return httpx.post(live.acme.graphql_url, json=body, headers=_headers(key), timeout=30)


WAYS: list[Send] = [_by_path, _by_host, _by_domain, _by_get, _by_bearer, _by_hash, _by_document_id]


def _register(live: Live, query: str) -> str:
    """Store a document as automatic, by one who may."""
    digest = hashlib.sha256(query.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    live.acme.post(query, extensions=extensions)
    return digest


def _code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("way", WAYS)
def test_who_gets_rows(live: Live, principal: tuple[str, str], way: Send) -> None:
    name, key = principal
    for query in (EMAILS, CITIES):
        digest = _register(live, query)
        for _ in range(2):  # the second finds everything cached
            response = way(live, query, key, digest)
            if name == "secret" or (name == "publishable" and query == CITIES):
                assert next(iter(response.json()["data"].values()))
                continue
            assert "data" not in response.json()
            assert "@" not in response.text
            assert "globex" not in response.text
            assert "outsider" not in response.text
            expected = {
                "publishable": (200, "GRAPHQL_VALIDATION_FAILED"),
                "neighbour": (403, "TENANT_MISMATCH"),
                "outsider": (403, "TENANT_MISMATCH"),
            }.get(name, (401, "UNAUTHENTICATED"))
            assert (response.status_code, _code(response)) == expected


def test_warm_caches_do_not_mix_tenants(live: Live) -> None:
    mine, theirs = ({row["email"] for row in t.data(EMAILS)["members"]} for t in (live.acme, live.globex))
    with httpx.Client() as client:
        for turn in range(20):
            tenant, rows = (live.acme, mine) if turn % 2 else (live.globex, theirs)
            answer = client.post(tenant.graphql_url, json={"query": EMAILS}, headers=_headers(tenant.secret_key))
            assert {row["email"] for row in answer.json()["data"]["members"]} == rows
    assert mine != theirs


def test_a_neighbours_ids_and_cursors_find_only_ones_own_rows(live: Live) -> None:
    edge_fields = "edges { cursor node { nodeId email } }"
    page = f"query($after: String) {{ membersConnection(first: 2, after: $after) {{ {edge_fields} }} }}"
    mine = {row["email"] for row in live.acme.data(EMAILS)["members"]}
    edges = live.globex.data(page)["membersConnection"]["edges"]
    node = "query($id: ID!) { node(id: $id) { ... on Member { email } } }"
    for edge in edges:
        found = live.acme.data(node, variables={"id": edge["node"]["nodeId"]})["node"]
        assert found is None or found["email"] in mine
        after = live.acme.data(page, variables={"after": edge["cursor"]})["membersConnection"]["edges"]
        assert {item["node"]["email"] for item in after} <= mine


def test_another_projects_documents_are_not_found(live: Live, outsider: str) -> None:
    digest = _register(live, EMAILS + " # of bookings alone")
    for body in ({"documentId": f"sha256:{digest}"}, {"extensions": {"persistedQuery": {"sha256Hash": digest}}}):
        url = f"{live.base_url}/t/outsider/graphql"
        response = httpx.post(url, json=body, headers=_headers(outsider))
        assert _code(response) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_key_given_up_counts_at_once_on_every_way(live: Live) -> None:
    made = live.cli("keys", "create", "acme")
    digest = _register(live, CITIES)
    for way in WAYS:
        assert way(live, CITIES, made["key"], digest).json()["data"]["cities"]
    live.cli("keys", "revoke", "acme", made["id"])
    until(lambda: live.acme.post(CITIES, key=made["key"]).status_code == 401)
    for way in WAYS:
        response = way(live, CITIES, made["key"], digest)
        assert (response.status_code, _code(response)) == (401, "KEY_REVOKED")


def test_a_suspended_tenant_answers_nobody_and_its_neighbour_goes_on(live: Live, outsider: str) -> None:
    url = f"{live.base_url}/t/outsider/graphql"

    def send() -> httpx.Response:
        return httpx.post(url, json={"query": "{ __typename }"}, headers=_headers(outsider))

    assert send().json()["data"]
    live.cli("tenant", "suspend", "outsider")
    until(lambda: send().status_code != 200)
    refused = send()
    assert (refused.status_code, _code(refused)) == (403, "TENANT_SUSPENDED")
    assert httpx.get(url, headers={"accept": "text/html"}).status_code == 403
    assert live.acme.data(CITIES)
    live.cli("tenant", "resume", "outsider")
    until(lambda: send().status_code == 200)
    assert send().json()["data"]


def _raw(live: Live, *lines: str, path: str = "/t/acme/graphql") -> tuple[int, dict[str, Any]]:
    """A POST written by hand: its status and its body."""
    body = json.dumps({"query": EMAILS})
    head = [f"POST {path} HTTP/1.1", "content-type: application/json", f"content-length: {len(body)}", *lines]
    address = httpx.URL(live.base_url)
    with socket.create_connection((address.host, address.port or 80), timeout=30) as connection:
        connection.sendall(("\r\n".join([*head, "connection: close", "", ""]) + body).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])


def test_two_hosts_or_two_keys_are_none(live: Live) -> None:
    mine, theirs = live.acme.secret_key, live.globex.secret_key
    for hosts in (("acme.localhost", "globex.localhost"), ("globex.localhost", "acme.localhost"), ("localhost",) * 2):
        status, body = _raw(live, *(f"host: {host}" for host in hosts), f"apikey: {mine}")
        assert (status, "data" in body) == (400, False)
    for keys in ((mine, theirs), (theirs, mine), (mine, mine)):
        for line in ("apikey: {}", "authorization: Bearer {}"):
            status, body = _raw(live, "host: localhost", *(line.format(key) for key in keys))
            assert (status, "data" in body) == (401, False)
    assert _raw(live, "host: localhost", f"apikey: {mine}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/t/acme/../globex/graphql",
        "/t/globex/graphql",
        "/t//globex/graphql",
        "//t/globex/graphql",
        "/t/globex%00/graphql",
    ],
)
def test_paths_that_lead_elsewhere_give_nothing(live: Live, path: str) -> None:
    address = httpx.URL(live.base_url)
    body = json.dumps({"query": EMAILS})
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\napikey: {live.acme.secret_key}\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection((address.host, address.port or 80), timeout=30) as connection:
        connection.sendall((head + body).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert int(answer.split()[1]) in (403, 404)
    assert b"@" not in answer


@pytest.mark.parametrize("path", ["/t/acme/graphql", "/_kapok/graphiql/", "/healthz", "/readyz", "/metrics"])
def test_pages_and_probes_hold_no_row_no_key_and_no_schema_name(
    live: Live, path: str, principal: tuple[str, str]
) -> None:
    live.acme.data(EMAILS)
    text = httpx.get(live.base_url + path, headers=_headers(principal[1], accept="text/html")).text
    assert "@" not in text
    assert "ksec_" not in text
    assert not re.search("t_[a-z2-7]{26}", text)
    if path == "/t/acme/graphql":
        assert "globex" not in text


def test_no_key_reaches_the_log(live: Live) -> None:
    before, mark = live.log.stat().st_size, uuid.uuid4().hex
    for tenant in (live.acme, live.globex):
        key = tenant.secret_key
        headers = _headers(key, **{"x-request-id": mark})
        httpx.get(tenant.graphql_url, params={"query": CITIES, "apikey": key}, headers=headers)
        httpx.post(tenant.graphql_url, json={"query": f'{{ city(id: "{key}") {{ id }} }}'}, headers=headers)
    until(lambda: live.log.read_bytes()[before:].count(mark.encode()) >= 4)
    written = live.log.read_bytes()[before:]
    for tenant in (live.acme, live.globex):
        assert tenant.secret_key.encode() not in written


def test_errors_tell_no_sql_and_no_schema(live: Live, acme: LiveTenant) -> None:
    where = "query($f: CityFilter) { cities(filter: $f) { id } }"
    for condition in ({"name": {"regex": "("}}, {"id": {"eq": "not an id"}}, {"nope": 1}):
        text = acme.post(where, variables={"f": condition}).text.lower()
        for told in ("select ", "traceback", '"t_', "psycopg", ".py"):
            assert told not in text
