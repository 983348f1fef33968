"""Values that no database can hold, typed into addresses and requests: refused, with nothing of the database shown."""

from __future__ import annotations

import pytest

from tests.control.cast import Cast

pytestmark = pytest.mark.django_db

ADDRESSES = (
    "/admin/tenants/tenant/?state__exact=%00",
    "/admin/tenants/tenant/?name__regex=(",
    "/admin/tenants/signingkey/%00/change/",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_of_the_admin(cast: Cast, address: str) -> None:
    answer = cast.client("admin").get(address)
    assert answer.status_code == 400
    assert b"regular expression" not in answer.content


def test_of_the_control_graphql(cast: Cast) -> None:
    query = "query q($slug: String!) { project(slug: $slug) { slug } }"
    asked = {"query": query, "variables": {"slug": "\0"}}
    answer = cast.client("admin").post("/control/graphql", asked, content_type="application/json")
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (200, "VALIDATION_FAILED")
