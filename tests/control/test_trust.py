"""What the data plane believes of tokens, on the database itself: what is kept, for how long, and what never is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import jwt
import psycopg
import pytest

from apps.tenants.acting import SYSTEM
from apps.tenants.credentials import Credentials
from apps.tenants.directory import Directory
from apps.tenants.models import Tenant
from apps.tenants.services import do_trust_issuer, do_update_project
from apps.tenants.services.signing_keys import do_rotate_signing_key
from apps.tenants.services.tokens import issue_access_token, revoke_session, revoke_user_tokens
from apps.tenants.trust import REVOCATIONS_HEARD
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from kapok.principal import Principal
from tests.factories import TenantFactory
from tests.tenant_database import platform_conninfo

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "a shared secret of more than 32 bytes"


class DeafPlatform(Platform):
    """Hears no changes."""

    async def open(self) -> None:
        await self._pool.open(wait=False)


class Plane:
    """A directory whose clock stands still and which hears only what it is told. listening: whether it trusts that."""

    def __init__(self, settings: Any, runner: asyncio.Runner) -> None:
        self.now = 0.0
        self.runner = runner
        self.platform = DeafPlatform(platform_conninfo())
        self.directory = Directory(
            self.platform, settings.KAPOK_PUBLIC_URL, (settings.SECRET_KEY,), clock=lambda: self.now
        )

    def ask(self, tenant: Tenant, text: str) -> Principal:
        """Who a token is; asked twice, the second time from what is kept."""
        entry = self.runner.run(self.directory.by_slug(tenant.slug))
        shown = Credentials("", text)
        principal = self.runner.run(self.directory.principal(entry, shown))
        assert self.directory.principal_at_hand(entry, shown) == principal
        return principal

    def refuse(self, tenant: Tenant, text: str) -> str:
        """Why a token is refused."""
        entry = self.runner.run(self.directory.by_slug(tenant.slug))
        with pytest.raises(KapokError) as caught:
            self.runner.run(self.directory.principal(entry, Credentials("", text)))
        assert self.directory.principal_at_hand(entry, Credentials("", text)) is None
        return str(caught.value.details.get("reason", caught.value.code))


@pytest.fixture
def plane(settings: Any) -> Iterator[Plane]:
    with asyncio.Runner() as runner:
        plane = Plane(settings, runner)
        runner.run(plane.platform.open())
        yield plane
        runner.run(plane.platform.stop())


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory(state="active")


def token(tenant: Tenant, sub: str = "u1", sid: str = "s1") -> str:
    return issue_access_token(tenant, sub=sub, sid=sid, email=None, roles=["member"], claims={"plan": {"tier": 2}})


def test_a_token_gives_its_user(plane: Plane, tenant: Tenant) -> None:
    principal = plane.ask(tenant, token(tenant))
    assert (principal.actor, principal.role, principal.tenant_id) == ("end_user:u1", "member", tenant.pk)
    assert principal.claims == {
        "sub": "u1",
        "sid": "s1",
        "email": None,
        "roles": ["member"],
        "tenant_id": str(tenant.pk),
        "plan": {"tier": 2},
    }


@pytest.mark.parametrize("revoke", [revoke_session, revoke_user_tokens])
def test_who_cannot_hear_believes_for_a_second(plane: Plane, tenant: Tenant, revoke: Any) -> None:
    text, bystander = token(tenant), token(tenant, "u2", "s2")
    plane.ask(tenant, text)
    plane.ask(tenant, bystander)
    revoke(tenant, "s1" if revoke is revoke_session else "u1")
    plane.now = 0.9
    plane.ask(tenant, text)
    plane.now = 1.1
    assert plane.refuse(tenant, text) == "revoked"
    plane.ask(tenant, bystander)


def test_what_is_heard_counts_at_once(plane: Plane, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-out costs a look-up of that one, however many there are; after very many the set is read anew."""
    plane.platform.listening = True
    statements: list[str] = []
    fetch = plane.platform.fetch

    async def counted(statement: str, parameters: Any = ()) -> Any:
        statements.append(statement)
        return await fetch(statement, parameters)

    monkeypatch.setattr(plane.platform, "fetch", counted)
    texts = {sub: token(tenant, sub, f"session-of-{sub}") for sub in ("u1", "u2", "u3")}
    for text in texts.values():
        plane.ask(tenant, text)
    statements.clear()
    revoke_session(tenant, "session-of-u1")
    revoke_user_tokens(tenant, "u2")
    for said in ("sid:session-of-u1", "sub:u2"):
        plane.directory.notified(f"tenants_revocation:{tenant.pk}:{said}")
    assert plane.refuse(tenant, texts["u1"]) == "revoked"
    assert plane.refuse(tenant, texts["u2"]) == "revoked"
    plane.ask(tenant, texts["u3"])
    assert len(statements) == 1
    plane.ask(tenant, token(tenant, "u2", "s4"))  # issued afterwards
    for number in range(REVOCATIONS_HEARD):
        plane.directory.notified(f"tenants_revocation:{tenant.pk}:sid:other-{number}")
    plane.ask(tenant, texts["u3"])
    assert len(statements) == 3  # keys and revocations anew
    assert plane.refuse(tenant, texts["u1"]) == "revoked"


def test_what_is_only_said_revokes_nothing(plane: Plane, tenant: Tenant) -> None:
    """Any role of the database can notify, also one of another tenant."""
    plane.platform.listening = True
    text = token(tenant)
    plane.ask(tenant, text)
    whole = f"tenants_revocation:{tenant.pk}"
    for said in (
        *(f"{whole}:sid:s1", f"{whole}:sub:u1", f"{whole}:sid", f"{whole}:::::", f"{whole}:sid:{'x' * 7000}", whole),
        *("tenants_revocation:*", "tenants_revocation:", "tenants_revocation", "tenants_signingkey:x", "", ":::"),
        f"tenants_signingkey:{tenant.pk}",
    ):
        plane.directory.notified(said)
        plane.ask(tenant, text)


def test_the_payload_of_the_trigger_is_what_is_understood(plane: Plane, tenant: Tenant) -> None:
    with psycopg.connect(platform_conninfo(), autocommit=True) as listener:
        listener.execute("listen kapok_directory")
        revoke_session(tenant, "s:1:2")
        revoked = tenant.revocations.get()
        revoked.delete()
        said = [note.payload for note in listener.notifies(timeout=30, stop_after=2)]
    assert said == [f"tenants_revocation:{tenant.pk}:sid:s:1:2", f"tenants_revocation:{tenant.pk}"]
    plane.platform.listening = True
    text = token(tenant, sid="s:1:2")
    plane.ask(tenant, text)
    revoked.save()
    plane.directory.notified(said[0])
    assert plane.refuse(tenant, text) == "revoked"
    revoked.delete()
    plane.directory.notified(said[1])
    plane.ask(tenant, text)


def test_a_key_that_is_gone_takes_its_tokens_along(plane: Plane, tenant: Tenant) -> None:
    text = token(tenant)
    plane.ask(tenant, text)
    do_rotate_signing_key(tenant, acting=SYSTEM, at_once=True)
    plane.now = 1.1
    assert plane.refuse(tenant, text) == "unknown_key"
    plane.ask(tenant, token(tenant))


def test_tokens_of_two_tenants(plane: Plane, tenant: Tenant) -> None:
    """Also for the token that is kept already: it counts for its tenant only."""
    other = TenantFactory(state="active", project=tenant.project)
    text = token(tenant)
    plane.ask(tenant, text)
    assert plane.refuse(other, text) == "TENANT_MISMATCH"


def test_nothing_wrong_is_kept(plane: Plane, tenant: Tenant) -> None:
    text = token(tenant)
    head, body, signature = text.split(".")
    for number in range(300):
        plane.refuse(tenant, f"{head}.{body}.{signature[:-8]}{number:06d}AA")
        plane.refuse(tenant, f"nonsense-{number}")
    assert len(plane.directory.tokens._verified) == 0
    plane.ask(tenant, text)
    assert len(plane.directory.tokens._verified) == 1


def outside(**more: Any) -> str:
    now = int(time.time())
    claims = {"iss": "legacy", "aud": "app", "sub": "7", "iat": now, "exp": now + 60, **more}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def test_roles_of_users_from_outside(plane: Plane, tenant: Tenant) -> None:
    terms: dict[str, Any] = {"acting": SYSTEM, "audience": "app", "secret": SECRET, "algorithms": ["HS256"]}
    do_trust_issuer(tenant.project, "legacy", **terms)
    assert plane.ask(tenant, outside()).role == "anon"
    assert plane.ask(tenant, outside(roles="staff member")).role == "staff"
    do_update_project(tenant.project, acting=SYSTEM, auth={"defaultRole": "member"})
    plane.now = 2
    assert plane.ask(tenant, outside()).role == "member"
    do_trust_issuer(tenant.project, "legacy", **terms, default_role="guest", role_mapping={"boss": "staff"})
    plane.now = 4
    assert plane.ask(tenant, outside(roles=["service", "staff"])).role == "guest"
    assert plane.ask(tenant, outside(roles=["boss"])).role == "staff"


def test_users_from_outside_have_the_claims_of_our_own(plane: Plane, tenant: Tenant) -> None:
    terms: dict[str, Any] = {"audience": "app", "secret": SECRET, "algorithms": ["HS256"], "subject_claim": "user.id"}
    do_trust_issuer(tenant.project, "legacy", acting=SYSTEM, **terms)
    text = outside(user={"id": 42}, email="a@example.com", email_verified=False, tenant_id="other", role="service")
    principal = plane.ask(tenant, text)
    assert (principal.id, principal.role) == ("42", "anon")
    assert principal.claims["sub"] == "42"
    assert principal.claims["email"] is None  # nobody has shown that it is theirs
    assert principal.claims["tenant_id"] == str(tenant.pk)
    assert "role" not in principal.claims
    revoke_user_tokens(tenant, "42")
    plane.now = 2
    assert plane.refuse(tenant, text) == "revoked"
