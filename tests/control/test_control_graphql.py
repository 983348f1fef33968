"""/control/graphql: the same rights as the control API, and nothing for those who ask too much."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.control.cast import Cast
from tests.factories import DomainFactory, OperationFactory, TenantFactory

pytestmark = pytest.mark.django_db

ALL = "{ projects { slug } tenants { slug project { slug } domains sizeBytes } operations { tenant state } }"


def ask(cast: Cast, principal: str, query: Any, **more: Any) -> Any:
    token = cast.tokens.get(principal)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = orjson.dumps({"query": query, **more})
    return Client().post("/control/graphql", body, content_type="application/json", headers=headers)


def test_everybody_sees_their_own(cast: Cast) -> None:
    for tenant in (cast.tenant, cast.other_tenant):
        DomainFactory(tenant=tenant, domain=f"{tenant.slug}.example.org")
        OperationFactory(tenant=tenant, project=tenant.project)
    acme = {"slug": "acme", "project": {"slug": "bookings"}, "domains": ["acme.example.org"], "sizeBytes": 0.0}
    globex = {"slug": "globex", "project": {"slug": "secrets"}, "domains": ["globex.example.org"], "sizeBytes": 0.0}
    seen = {who: ask(cast, who, ALL).json()["data"] for who in ("stranger", "reader", "manager", "admin")}
    assert seen["stranger"] == {"projects": [], "tenants": [], "operations": []}
    assert seen["reader"] == seen["manager"]
    assert seen["reader"]["tenants"] == [acme]
    assert seen["reader"]["operations"] == [{"tenant": "acme", "state": "queued"}]
    assert seen["admin"]["tenants"] == [acme, globex]
    assert len(seen["admin"]["projects"]) == len(seen["admin"]["operations"]) == 2


def test_single_rows(cast: Cast) -> None:
    operation = OperationFactory(tenant=cast.other_tenant, project=cast.other_project)
    query = 'query($id: UUID!) { project(slug: "secrets") { slug } tenant(slug: "globex") { slug } operation(id: $id) { id } }'  # noqa: E501
    variables = {"id": str(operation.pk)}
    mine = ask(cast, "manager", query, variables=variables).json()["data"]
    assert mine == {"project": None, "tenant": None, "operation": None}
    assert ask(cast, "admin", query, variables=variables).json()["data"]["operation"] == {"id": str(operation.pk)}


def test_filters_and_pages(cast: Cast) -> None:
    TenantFactory(slug="beta", project=cast.project, state="suspended")
    query = '{ a: tenants(state: "suspended") { slug } b: tenants(first: 1, offset: 1) { slug } c: tenants(first: -5) { slug } }'  # noqa: E501
    data = ask(cast, "manager", query).json()["data"]
    assert data == {"a": [{"slug": "beta"}], "b": [{"slug": "beta"}], "c": []}


def test_nobody_without_credentials(cast: Cast) -> None:
    for principal in ("anonymous",):
        response = ask(cast, principal, ALL)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.users["admin"], backend="django.contrib.auth.backends.ModelBackend")
    body = orjson.dumps({"query": "{ projects { slug } }"})
    assert client.post("/control/graphql", body, content_type="application/json").status_code == 403


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{", "Syntax Error"),
        ("{ nothing }", "Cannot query field"),
        ("{ projects { users { email } } }", "Cannot query field"),
        ("{ tenants { keys { digest } } }", "Cannot query field"),
        ("mutation { deleteTenant }", "Only queries"),
        ("query A { projects { slug } } subscription B { projects }", "Only queries"),
        ("{ " + " ".join(f"a{n}: projects {{ slug }}" for n in range(21)) + " }", "at most 20"),
        ("{ ...f } fragment f on Query { " + " ".join(f"a{n}: projects {{ slug }}" for n in range(21)) + " }", "at most 20"),  # noqa: E501
        ("{ projects { slug } }" + " " * 10 + "# x\n" + "query a { b }" * 900, "tokens"),
    ],
)  # fmt: skip
def test_bad_documents_are_refused(cast: Cast, query: str, words: str) -> None:
    response = ask(cast, "admin", query)
    assert response.status_code == 400
    assert words in response.json()["errors"][0]["message"]
    assert "data" not in response.json()


def test_depth_is_limited(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "{ tenants { project { slug } } }"
    assert ask(cast, "admin", query).status_code == 200
    monkeypatch.setattr("apps.control.graphql.view.MAX_DEPTH", 1)
    response = ask(cast, "admin", query)
    assert response.status_code == 400 and "depth" in response.json()["errors"][0]["message"]


def test_introspection_works_for_tools(cast: Cast) -> None:
    query = "{ __schema { queryType { name } types { name fields { name type { name ofType { name } } } } } }"
    names = {kind["name"] for kind in ask(cast, "reader", query).json()["data"]["__schema"]["types"]}
    assert {"Project", "Tenant", "Operation"} <= names and not {"User", "ApiKey"} & names


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"query": 1}', b'{"query": "{a}", "variables": []}'])
def test_bad_requests_are_refused(cast: Cast, body: bytes) -> None:
    headers = {"authorization": f"Bearer {cast.tokens['admin']}"}
    response = Client().post("/control/graphql", body, content_type="application/json", headers=headers)
    assert response.status_code == 400 and "error" in response.json()
    assert Client().get("/control/graphql", headers=headers).status_code == 405
    assert Client().post("/control/graphql", {"query": "{a}"}, headers=headers).status_code == 415


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert "errors" not in ask(cast, "manager", ALL).json()
        return len(seen)

    count()
    few = count()
    for _ in range(6):
        tenant = TenantFactory(project=cast.project)
        DomainFactory(tenant=tenant)
        OperationFactory(tenant=tenant, project=cast.project)
    assert count() == few
