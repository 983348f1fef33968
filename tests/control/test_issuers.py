"""Issuers outside: what a project may trust, and what it cannot be talked into."""

from __future__ import annotations

from typing import Any

import pytest

from apps.tenants.acting import SYSTEM
from apps.tenants.models import Project, TrustedIssuer
from apps.tenants.services import do_distrust_issuer, do_trust_issuer
from kapok.errors import KapokError
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db
ISSUER = "https://id.example.com/"
JWKS = {"jwks_url": "https://id.example.com/jwks.json"}


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def test_an_issuer_is_trusted_changed_and_distrusted(project: Project) -> None:
    made = do_trust_issuer(project, ISSUER, acting=SYSTEM, audience="app", **JWKS)
    changed = do_trust_issuer(
        project, ISSUER, acting=SYSTEM, audience="app2", algorithms=["ES256"], role_mapping={"x": "member"}, **JWKS
    )
    assert (changed.pk, changed.audience, changed.algorithms) == (made.pk, "app2", ["ES256"])
    do_distrust_issuer(changed, acting=SYSTEM)
    assert not TrustedIssuer.objects.exists()


def test_a_shared_secret_is_sealed_and_kept(project: Project) -> None:
    secret = "s" * 32
    made = do_trust_issuer(project, ISSUER, acting=SYSTEM, audience="app", secret=secret, algorithms=["HS256"])
    assert secret not in made.sealed_secret
    kept = do_trust_issuer(project, ISSUER, acting=SYSTEM, audience="app2", algorithms=["HS512"])
    assert kept.sealed_secret == made.sealed_secret


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"jwks_url": ""}, "jwks_url"),
        ({"jwks_url": "http://id.example.com/jwks.json"}, "jwks_url"),
        ({"jwks_url": "https://user:pass@id.example.com/"}, "jwks_url"),
        ({"jwks_url": "file:///etc/passwd"}, "jwks_url"),
        ({"jwks_url": "http://127.0.0.1/jwks"}, "jwks_url"),
        ({"secret": "s" * 32, "algorithms": ["HS256"]}, "jwks_url"),
        ({"jwks_url": "", "secret": "short", "algorithms": ["HS256"]}, "secret"),
        ({"jwks_url": "", "secret": "s" * 32, "algorithms": ["RS256"]}, "algorithms"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["RS256", "HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"audience": ""}, "audience"),
        ({"issuer": ""}, "issuer"),
        ({"issuer": "https://localhost/t/acme"}, "issuer"),
        ({"subject_claim": ""}, "subject_claim"),
        ({"default_role": "service"}, "default_role"),
        ({"role_mapping": {"admins": "service"}}, "role_mapping"),
        ({"role_mapping": {"admins": ["member"]}}, "role_mapping"),
    ],
)
def test_what_cannot_be_trusted(project: Project, wrong: dict[str, Any], field: str) -> None:
    given = {"issuer": ISSUER, "audience": "app", **JWKS, **wrong}
    with pytest.raises(KapokError) as caught:
        do_trust_issuer(project, given.pop("issuer"), acting=SYSTEM, **given)
    assert (caught.value.code, caught.value.details["fields"]) == ("VALIDATION_FAILED", [field])
    assert not TrustedIssuer.objects.exists()
