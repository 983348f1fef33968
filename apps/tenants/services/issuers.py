"""Issuers outside whose tokens a project's tenants believe: set and removed. Shared secrets are encrypted at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.secret_keys import secret_keys
from apps.tenants.acting import Actor
from apps.tenants.models import Project, TrustedIssuer
from apps.tenants.outside_tokens import secret_purpose
from apps.tenants.trail import record_on_platform, target_of
from kapok.bearer.form import MAX_ROLES, is_role
from kapok.bearer.issuers import ASYMMETRIC, SYMMETRIC
from kapok.errors import KapokError
from kapok.outside_urls import is_callable_url
from kapok.public_urls import tenant_url
from kapok.sealing import seal

#: RFC 7518, 3.2: a key at least as long as the hash.
MIN_SECRET = 32
MAX_ISSUERS = 20


@transaction.atomic
def do_trust_issuer(
    project: Project,
    issuer: str,
    *,
    acting: Actor,
    audience: str,
    jwks_url: str = "",
    secret: str | None = None,
    algorithms: Sequence[str] = ("EdDSA", "ES256", "RS256"),
    subject_claim: str = "sub",
    roles_claim: str = "roles",
    role_mapping: Mapping[str, str] | None = None,
    default_role: str = "",
    tenant_claim: str = "",
    enabled: bool = True,
) -> TrustedIssuer:
    """Believe the tokens of an issuer from now on, or change how. Either a jwks_url with asymmetric algorithms, or a
    shared secret with HS256, HS384 or HS512; secret: None keeps the one there is. Raises VALIDATION_FAILED."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    row = TrustedIssuer.objects.filter(project=project, issuer=issuer).first() or TrustedIssuer(
        project=project, issuer=issuer
    )
    if row.pk is None and project.trusted_issuers.count() >= MAX_ISSUERS:
        raise _invalid("issuer", f"A project trusts {MAX_ISSUERS} issuers at most.")
    has_secret = bool(row.sealed_secret if secret is None else secret)
    _check_names(issuer, audience, subject_claim, roles_claim, tenant_claim)
    _check_keys(jwks_url, secret, algorithms, has_secret=has_secret)
    _check_roles(default_role, role_mapping or {})
    if secret is not None:
        sealed = seal(secret_keys(), secret_purpose(project.pk, issuer), secret.encode()) if secret else ""
        row.sealed_secret = sealed
    row.audience, row.jwks_url, row.algorithms = audience, jwks_url, sorted(set(algorithms))
    row.subject_claim, row.roles_claim, row.tenant_claim = subject_claim, roles_claim, tenant_claim
    row.role_mapping, row.default_role, row.enabled = dict(role_mapping or {}), default_role, enabled
    row.save()
    record_on_platform(
        "issuer.trusted",
        target_of(project),
        acting=acting,
        project=project.slug,
        issuer=issuer,
        audience=audience,
        enabled=enabled,
    )
    return row


@transaction.atomic
def do_distrust_issuer(issuer: TrustedIssuer, *, acting: Actor) -> None:
    """None of its tokens is believed any more."""
    project = issuer.project
    issuer.delete()
    record_on_platform(
        "issuer.distrusted", target_of(project), acting=acting, project=project.slug, issuer=issuer.issuer
    )


def _check_names(issuer: str, audience: str, *claims: str) -> None:
    if not 0 < len(issuer) <= 500 or not issuer.isprintable():
        raise _invalid("issuer", "The issuer is what stands in the tokens' iss; it is missing or too long.")
    if issuer.startswith(tenant_url(settings.KAPOK_PUBLIC_URL, "")):
        raise _invalid("issuer", "Tokens of Kapok's own tenants cannot be trusted by others.")
    if not 0 < len(audience) <= 500 or not audience.isprintable():
        raise _invalid("audience", "Say which audience (aud) the tokens are for: others' must not count here.")
    subject, roles, tenant = claims
    if not subject or not roles or any(len(name) > 200 or not name.isprintable() for name in (subject, roles, tenant)):
        raise _invalid("subject_claim", "A claim's name is missing or too long.")


def _check_keys(jwks_url: str, secret: str | None, algorithms: Sequence[str], *, has_secret: bool) -> None:
    if bool(jwks_url) == has_secret:
        raise _invalid("jwks_url", "Give either the URL of a JWKS or a shared secret.")
    if jwks_url and (len(jwks_url) > 500 or not is_callable_url(jwks_url, development=settings.KAPOK_PRIVATE_ISSUERS)):
        raise _invalid("jwks_url", "The JWKS must be at an https address.")
    if secret and len(secret.encode()) < MIN_SECRET:
        raise _invalid("secret", f"A shared secret needs at least {MIN_SECRET} bytes.")
    fitting = SYMMETRIC if has_secret else ASYMMETRIC
    if not algorithms or not set(algorithms) <= fitting:
        raise _invalid("algorithms", f"The algorithms must be among {', '.join(sorted(fitting))}.")


def _check_roles(default_role: str, mapping: Mapping[str, Any]) -> None:
    if default_role and not is_role(default_role):
        raise _invalid("default_role", f"A user cannot have the role {default_role[:63]!r}.")
    wrong = [role for role in mapping.values() if not is_role(role)]
    if wrong or len(mapping) > 10 * MAX_ROLES or not all(isinstance(theirs, str) and theirs for theirs in mapping):
        raise _invalid("role_mapping", "The mapping is {their role: ours}; ours cannot be service.")


def _invalid(field: str, message: str) -> KapokError:
    return KapokError("VALIDATION_FAILED", message, details={"fields": [field]})
