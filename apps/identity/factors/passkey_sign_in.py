"""Signing in with a passkey alone: it says who the user is, and has asked for a finger or PIN, so it is two factors.

In: a tenant, then what a browser answered. Out: options for navigator.credentials.get(), then tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django_tenants.utils import tenant_context

from apps.identity.context import Origin, in_tenant
from apps.identity.factors.ceremonies import credential_id_of, request_options, user_handle_of
from apps.identity.factors.party import relying_party, relying_party_of
from apps.identity.factors.proofs import PASSKEY, use_passkey
from apps.identity.factors.second_step import webauthn_challenge
from apps.identity.models import Factor, FactorKind
from apps.identity.services.one_time import issue, take
from apps.identity.services.sessions import Tokens, do_sign_in
from apps.identity.trail import Refusals, target_of
from apps.tenants.models import Tenant
from kapok.errors import KapokError

PURPOSE = "passkey_sign_in"
LIFETIME = timedelta(minutes=5)


@in_tenant
def sign_in_options(tenant: Tenant, page_origin: str | None) -> dict[str, Any]:
    """{token, options}: any passkey of this tenant may answer. Raises FORBIDDEN for pages elsewhere."""
    party = relying_party(tenant, page_origin)
    token = issue(PURPOSE, LIFETIME)
    return {"token": token, "options": request_options(party, webauthn_challenge(token), verify_user=True)}


def do_sign_in_with_passkey(tenant: Tenant, token: str, answer: Mapping[str, Any], *, origin: Origin) -> Tokens:
    """A session of the passkey's user. Raises TOKEN_INVALID, FACTOR_REFUSED, and what do_sign_in raises."""
    with Refusals(tenant, "passkey") as refusals:
        # Used up by a wrong answer too: this is committed on its own.
        with tenant_context(tenant), transaction.atomic():
            take(token, PURPOSE)
        return _signed_in(tenant, token, answer, origin, refusals)


def _signed_in(tenant: Tenant, token: str, answer: Mapping[str, Any], origin: Origin, refusals: Refusals) -> Tokens:
    party = relying_party_of(tenant, answer)
    with tenant_context(tenant), transaction.atomic():
        found = Factor.objects.filter(kind=FactorKind.WEBAUTHN, credential_id=credential_id_of(answer))
        factor = found.exclude(confirmed_at=None).select_related("user").first()
        # A discoverable credential names its user; that it names the right one is part of the ceremony.
        if factor is None or user_handle_of(answer) != factor.user.pk.bytes:
            raise KapokError("FACTOR_REFUSED", "This passkey was not accepted.")
        refusals.target = target_of(factor.user)
        use_passkey(factor, party, webauthn_challenge(token), answer, verify_user=True)
        return do_sign_in(tenant, factor.user, methods=[PASSKEY, "mfa"], level="aal2", origin=origin)
