"""WebAuthn ceremonies (Web Authentication Level 3), by the library `webauthn`.

In: who the relying party is, a challenge, and what a browser answered. Out: options for navigator.credentials, or what
the answer proves. Raises FACTOR_REFUSED, with the library's reason kept for the log. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import webauthn
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kapok.errors import KapokError

#: Milliseconds a browser gives a person.
TIMEOUT = 300_000
#: The longest credential id (the specification's limit), in bytes.
MAX_CREDENTIAL_ID = 1023


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys are made for. id: a host name; origins: where pages that may use them come from."""

    id: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credential:
    """A registered passkey, as far as ceremonies need it."""

    id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """A new passkey."""

    credential: Credential
    aaguid: str
    backed_up: bool
    user_verified: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """What a use of a passkey proved."""

    sign_count: int
    backed_up: bool
    user_verified: bool


def creation_options(
    party: RelyingParty, challenge: bytes, *, user_id: bytes, user_name: str, known: Sequence[Credential]
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptions as JSON. known: the user's passkeys, so that no device makes a second one."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_id,
        user_name=user_name,
        user_display_name=user_name,
        challenge=challenge,
        timeout=TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[_descriptor(each) for each in known],
    )
    return _json(options)


def request_options(
    party: RelyingParty, challenge: bytes, *, allowed: Sequence[Credential] = (), verify_user: bool
) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptions as JSON. allowed: none for a sign-in in which the passkey says who it is."""
    wanted = UserVerificationRequirement.REQUIRED if verify_user else UserVerificationRequirement.PREFERRED
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT,
        allow_credentials=[_descriptor(each) for each in allowed],
        user_verification=wanted,
    )
    return _json(options)


def verify_creation(party: RelyingParty, challenge: bytes, answer: Mapping[str, Any]) -> Registered:
    """Check the answer to `creation_options`. Raises FACTOR_REFUSED."""
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as exc:
        raise _refused() from exc
    if len(verified.credential_id) > MAX_CREDENTIAL_ID:
        raise _refused()
    transports = _transports(answer)
    return Registered(
        Credential(verified.credential_id, verified.credential_public_key, verified.sign_count, transports),
        verified.aaguid,
        verified.credential_backed_up,
        verified.user_verified,
    )


def verify_assertion(
    party: RelyingParty, challenge: bytes, answer: Mapping[str, Any], credential: Credential, *, verify_user: bool
) -> Asserted:
    """Check the answer to `request_options`; a sign counter that did not grow means a copy. Raises FACTOR_REFUSED."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=credential.public_key,
            credential_current_sign_count=credential.sign_count,
            require_user_verification=verify_user,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as exc:
        raise _refused() from exc
    return Asserted(verified.new_sign_count, verified.credential_backed_up, verified.user_verified)


def credential_id_of(answer: Mapping[str, Any]) -> bytes:
    """Which passkey an answer claims to be of; b"" for nonsense."""
    return _decoded(answer.get("id"))


def user_handle_of(answer: Mapping[str, Any]) -> bytes:
    """Whose passkey the answer says it is; b"" when it says nothing."""
    response = answer.get("response")
    return _decoded(response.get("userHandle")) if isinstance(response, Mapping) else b""


def _decoded(text: Any) -> bytes:
    if not isinstance(text, str) or len(text) > 2 * MAX_CREDENTIAL_ID:
        return b""
    try:
        return base64url_to_bytes(text)
    except ValueError:
        return b""


def _transports(answer: Mapping[str, Any]) -> tuple[str, ...]:
    response = answer.get("response")
    given = response.get("transports") if isinstance(response, Mapping) else None
    known = {transport.value for transport in AuthenticatorTransport}
    return tuple(sorted(known.intersection(t for t in given if isinstance(t, str)))) if isinstance(given, list) else ()


def _descriptor(credential: Credential) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(transport) for transport in credential.transports]
    return PublicKeyCredentialDescriptor(id=credential.id, transports=transports or None)


def _json(options: Any) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(webauthn.options_to_json(options))
    return content


def _refused() -> KapokError:
    return KapokError(
        "FACTOR_REFUSED", "This passkey was not accepted.", hint="Start again and use a passkey of yours."
    )
