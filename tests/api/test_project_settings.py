"""What a project says about all its tenants' requests: origins, trusted documents, introspection, draft statuses."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.live import Live, LiveTenant
from tests.waiting import until

NOTES = "{ notes { title } }"
ORIGIN = "https://app.example"


@pytest.fixture(scope="module")
def project(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project `settings` of its own, with the tenant `tuned`."""
    folder = tmp_path_factory.mktemp("projects") / "settings"
    live.cli("init", str(folder), "--template", "blank")
    live.cli("migrate", "up", cwd=folder)
    live.cli("tenant", "create", "tuned", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def tuned(live: Live, project: Path) -> LiveTenant:
    secret = live.cli("keys", "create", "tuned")
    return LiveTenant("tuned", "", f"{live.base_url}/t/tuned/graphql", "", secret["key"])


@pytest.fixture
def set_project(live: Live, tuned: LiveTenant) -> Iterator[Callable[..., None]]:
    """Change settings; the defaults come back afterwards. An origin made up for each change shows its arrival."""

    def change(*options: str) -> None:
        canary = f"https://{uuid.uuid4().hex}.example"
        live.cli("project", "set", "settings", *options, "--cors-origin", canary)
        asked = {"origin": canary, "access-control-request-method": "POST"}
        until(lambda: "access-control-allow-origin" in httpx.options(tuned.graphql_url, headers=asked).headers)

    yield change
    change("--any-document", "--introspection", "--audit-statuses")


def test_no_origin_may_read_by_default(tuned: LiveTenant) -> None:
    response = httpx.post(
        tuned.graphql_url, json={"query": NOTES}, headers={"apikey": tuned.secret_key, "origin": ORIGIN}
    )
    assert response.json()["data"] == {"notes": []}
    assert "access-control-allow-origin" not in response.headers


def test_named_origins_may_read_and_others_may_not(tuned: LiveTenant, set_project: Callable[..., None]) -> None:
    set_project("--cors-origin", ORIGIN)
    for _ in range(3):  # the endpoint's answer, then the hot path's
        for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example", None)):
            response = httpx.post(
                tuned.graphql_url, json={"query": NOTES}, headers={"apikey": tuned.secret_key, "origin": origin}
            )
            assert response.headers.get("access-control-allow-origin") == allowed
            assert "origin" in response.headers["vary"].lower()
            assert "access-control-allow-credentials" not in response.headers
    asked = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "apikey"}
    preflight = httpx.options(tuned.graphql_url, headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    allowed_headers = preflight.headers["access-control-allow-headers"].split(", ")
    assert {"apikey", "authorization", "*"} <= set(allowed_headers), "clients send headers of their own as well"
    refused = httpx.options(tuned.graphql_url, headers={**asked, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers
    error = httpx.post(tuned.graphql_url, json={"query": NOTES}, headers={"origin": ORIGIN})
    assert error.status_code == 401
    assert error.headers["access-control-allow-origin"] == ORIGIN, "a page must be able to read why"


def test_trusted_documents_only(live: Live, project: Path, tuned: LiveTenant, set_project: Callable[..., None]) -> None:
    query = "query Trusted { notes(limit: 1) { title } }"
    (project / "trusted.graphql").write_text(query)
    live.cli("documents", "push", "trusted.graphql", cwd=project)
    for _ in range(3):
        assert tuned.data(NOTES) == {"notes": []}
    set_project("--trusted-documents-only")
    error = tuned.error(NOTES)
    assert (error["status"], error["extensions"]["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
    digest = hashlib.sha256(query.encode()).hexdigest()
    headers = {"apikey": tuned.secret_key}
    for body in (
        {"query": query},
        {"documentId": f"sha256:{digest}"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}},
    ):
        assert httpx.post(tuned.graphql_url, json=body, headers=headers).json() == {"data": {"notes": []}}


def test_a_project_that_hides_its_schema(tuned: LiveTenant, set_project: Callable[..., None]) -> None:
    introspection = "{ __schema { queryType { name } } notes { title } }"
    assert tuned.data(introspection)["__schema"]
    set_project("--no-introspection")
    for _ in range(2):
        assert tuned.error(introspection)["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert tuned.data("{ __typename notes { __typename } }")["__typename"] == "Query"


def test_the_drafts_statuses(tuned: LiveTenant, set_project: Callable[..., None]) -> None:
    def status(query: str, **more: object) -> int:
        return tuned.post(query, **more).status_code

    assert status("{") == status("{ nope }") == 200
    set_project("--draft-statuses")
    assert status("{") == 400
    assert status("{ nope }") == 422
    assert status("query($n: Int!) { notes(limit: $n) { title } }", variables={"n": "x"}) == 422
    assert tuned.post("{ nope }").headers["content-type"].startswith("application/graphql-response+json")
