"""The control API refuses names of fields and parameters that it does not know, and does nothing then."""

from __future__ import annotations

from typing import Any

import pytest

from apps.control.api.base import ControlView
from apps.control.api.urls import urlpatterns
from apps.tenants.models import Operation, Project, Tenant
from tests.control.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "/tenants", {"slug": "fresh", "project": "bookings", "nmae": "Fresh"}, "nmae"),
        ("PATCH", "/projects/bookings", {"introspektion": False}, "introspektion"),
        ("POST", "/tenants/acme/suspend", {"raeson": "unpaid"}, "raeson"),
        ("POST", "/tenants/acme/suspend?reason=unpaid", {}, "reason"),
        ("POST", "/tenants/acme/resume", {"slug": "globex"}, "slug"),
        ("DELETE", "/tenants/acme?force=1", {"confirm": "acme"}, "force"),
        ("PUT", "/projects/bookings/migrations", {"migrations": [{"name": "1", "sql": "", "tenant": 1}]}, "tenant"),
        ("GET", "/tenants?projekt=bookings", None, "projekt"),
        ("GET", "/tenants?project=bookings&pagesize=1", None, "pagesize"),
        ("GET", "/tenants/acme?project=bookings", None, "project"),
        ("HEAD", "/tenants?projekt=bookings", None, ""),
    ],
)
def test_names_that_mean_nothing_are_refused(cast: Cast, method: str, path: str, body: Any, named: str) -> None:
    def rows() -> Any:
        return list(Tenant.objects.values()), list(Project.objects.values()), Operation.objects.count()

    before = rows()
    response = cast.ask("admin", method, path, body)
    assert response.status_code == 422, response.content
    if method != "HEAD":
        error = response.json()["error"]
        assert error["code"] == "VALIDATION_FAILED"
        assert f"{named}: There is no such" in error["message"]
    assert rows() == before


def test_every_method_of_the_control_api_says_what_it_asks_for() -> None:
    views = [getattr(pattern.callback, "view_class", None) for pattern in urlpatterns]
    control = [view for view in views if view is not None and issubclass(view, ControlView)]
    assert len(control) > 40
    for view in control:
        for method in view().allowed_methods:
            assert method == "OPTIONS" or hasattr(getattr(view, method.lower()), "asked"), (view, method)
