"""Identity providers: the rules of the service, and the pages of the admin. Rights: test_api_access.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.tenants.acting import SYSTEM
from apps.tenants.models import IdentityProvider, Project
from apps.tenants.services import do_remove_provider, do_set_provider
from apps.tenants.services.providers import client_secret_of
from kapok.errors import KapokError
from tests.control.cast import Cast
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

GIVEN = {"issuer": "https://id.example.com/realms/shop", "client_id": "kapok", "client_secret": "hush"}


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def test_set_changed_and_removed(project: Project) -> None:
    made = do_set_provider(project, "keycloak", acting=SYSTEM, **GIVEN)
    assert (made.title, made.scopes, made.links_accounts) == ("keycloak", ["openid", "email", "profile"], False)
    assert client_secret_of(made) == "hush"
    assert "hush" not in made.sealed_client_secret
    kept = do_set_provider(project, "keycloak", acting=SYSTEM, issuer=GIVEN["issuer"], client_id="other", scopes=["x"])
    assert (kept.pk, client_secret_of(kept), kept.scopes) == (made.pk, "hush", ["openid", "x"])
    public = do_set_provider(project, "keycloak", acting=SYSTEM, **{**GIVEN, "client_secret": ""})
    assert client_secret_of(public) is None
    do_remove_provider(public, acting=SYSTEM)
    assert not IdentityProvider.objects.exists()


def test_a_secret_is_not_sent_to_another_issuer(project: Project) -> None:
    made = do_set_provider(project, "keycloak", acting=SYSTEM, **GIVEN)
    with pytest.raises(KapokError, match="another one"):
        do_set_provider(project, "keycloak", acting=SYSTEM, issuer="https://evil.example", client_id="kapok")
    made.refresh_from_db()
    assert made.issuer == GIVEN["issuer"]


def test_a_secret_opens_for_its_own_row_only(project: Project) -> None:
    made = do_set_provider(project, "keycloak", acting=SYSTEM, **GIVEN)
    other = do_set_provider(project, "other", acting=SYSTEM, **{**GIVEN, "client_secret": "own"})
    other.sealed_client_secret = made.sealed_client_secret
    with pytest.raises(Exception, match="client secret of"):
        client_secret_of(other)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Key Cloak"}, "name"),
        ({"name": "../x"}, "name"),
        ({"name": ""}, "name"),
        ({"issuer": "http://id.example.com"}, "issuer"),
        ({"issuer": "https://id.example.com/?x=1"}, "issuer"),
        ({"issuer": "javascript:alert(1)"}, "issuer"),
        ({"issuer": "https://user:pw@id.example.com"}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a\x00"}, "client_id"),
        ({"client_secret": "a\nb"}, "client_secret"),
        ({"scopes": ["two words"]}, "scopes"),
        ({"claims": {"a b": "name"}}, "claims"),
        ({"claims": {"name": 7}}, "claims"),
    ],
    ids=str,
)
def test_what_a_provider_cannot_be(project: Project, wrong: dict[str, Any], field: str) -> None:
    given = {"name": "keycloak", **GIVEN, **wrong}
    with pytest.raises(KapokError) as caught:
        do_set_provider(project, given.pop("name"), acting=SYSTEM, **given)
    assert (caught.value.code, caught.value.details) == ("VALIDATION_FAILED", {"fields": [field]})
    assert not IdentityProvider.objects.exists()


def test_the_admins_pages(cast: Cast) -> None:
    form = {
        "project": str(cast.project.pk),
        "name": "keycloak",
        "title": "Example ID",
        "scope_words": "email",
        "claims": "{}",
        "enabled": "on",
        **GIVEN,
    }
    client = cast.client("manager")
    assert client.post(reverse("admin:tenants_identityprovider_add"), form).status_code == 302
    made = IdentityProvider.objects.get()
    assert (made.scopes, client_secret_of(made), made.enabled) == (["openid", "email"], "hush", True)
    page = reverse("admin:tenants_identityprovider_change", args=[made.pk])
    text = client.get(page).content.decode()
    assert "/oidc/bookings/keycloak/callback" in text
    assert "<title>." not in text, "help texts are HTML"
    assert "hush" not in text
    assert client.post(page, {**form, "client_secret": "", "scope_words": "email profile"}).status_code == 302
    made.refresh_from_db()
    assert (made.scopes, client_secret_of(made)) == (["openid", "email", "profile"], "hush")
    # Another project's managers, and those who may only look.
    foreign = do_set_provider(cast.other_project, "keycloak", acting=SYSTEM, **GIVEN)
    assert client.get(reverse("admin:tenants_identityprovider_change", args=[foreign.pk])).status_code == 302
    assert client.post(reverse("admin:tenants_identityprovider_add"), {**form, "project": str(cast.other_project.pk)}
                       ).status_code == 200  # fmt: skip
    reader = cast.client("reader")
    assert reader.get(page).status_code == 200
    assert reader.post(page, {**form, "title": "Mine"}).status_code == 403
    assert IdentityProvider.objects.filter(title="Mine").count() == 0
    assert IdentityProvider.objects.count() == 2
