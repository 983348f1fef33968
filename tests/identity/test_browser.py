"""Passkeys in a real browser: Chromium with a virtual authenticator, against a running Kapok over HTTP."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.identity.chromium import BINARY, Page, chromium
from tests.live import Live

pytestmark = pytest.mark.skipif(BINARY is None, reason="Chromium is not installed (Debian's package chromium)")

#: What a front-end would have: calls, and what navigator.credentials makes of their options.
SCRIPT = """
window.call = async (path, body, token) => {
    const headers = {'content-type': 'application/json', ...(token ? {authorization: 'Bearer ' + token} : {})};
    const answer = await fetch('/auth/v1' + path, {method: 'POST', headers, body: JSON.stringify(body)});
    return {status: answer.status, body: answer.status === 204 ? null : await answer.json()};
};
window.addPasskey = async (token) => {
    const asked = (await call('/factors/passkeys/options', {}, token)).body;
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options);
    const credential = (await navigator.credentials.create({publicKey})).toJSON();
    return call('/factors/passkeys', {token: asked.token, credential, name: 'Laptop'}, token);
};
window.answer = async (path, body) => {
    const asked = (await call(path, body)).body;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options);
    const credential = (await navigator.credentials.get({publicKey})).toJSON();
    return {token: asked.token, credential};
};
"""


def called(page: Page, expression: str, status: int = 200) -> Any:
    """The body of an answer."""
    answer = page.run(expression)
    assert answer["status"] == status, answer
    return answer["body"]


def test_a_passkey_in_a_browser(live: Live, tmp_path: Path) -> None:
    email, password = f"{uuid.uuid4().hex}@example.com", "correct horse battery"
    made = live.control("POST", "/tenants/acme/users", json={"email": email, "password": password})
    assert made.status_code == 201, made.text
    origin = f"http://acme.localhost:{urlsplit(live.base_url).port}"
    credentials = json.dumps({"email": email, "password": password})
    with chromium(tmp_path / "profile") as page:
        page.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        device = page.send("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]
        page.open(f"{origin}/auth/v1/oidc")
        page.run(SCRIPT)
        token = called(page, f"call('/signin', {credentials})")["accessToken"]

        added = called(page, f"addPasskey({json.dumps(token)})", 201)
        assert (added["factor"]["kind"], len(added["recoveryCodes"])) == ("webauthn", 10)
        held = page.send("WebAuthn.getCredentials", authenticatorId=device)["credentials"]
        assert [(each["rpId"], each["isResidentCredential"]) for each in held] == [("acme.localhost", True)]

        # Alone: the passkey says who it is.
        entered = called(page, "answer('/passkeys/options', {}).then(body => call('/passkeys/sign-in', body))")
        assert entered["user"]["email"] == email

        # After the password, as the second factor.
        challenge = called(page, f"call('/signin', {credentials})")["challenge"]
        assert [factor["kind"] for factor in challenge["factors"]] == ["webauthn"]
        asked = json.dumps({"token": challenge["token"]})
        second = called(page, f"answer('/challenge/passkey', {asked}).then(body => call('/challenge', body))")
        assert second["sessionId"] != entered["sessionId"]

        # The same answer again.
        replay = page.run(
            "(async () => { const body = await answer('/passkeys/options', {});"
            " await call('/passkeys/sign-in', body); return call('/passkeys/sign-in', body); })()"
        )
        assert (replay["status"], replay["body"]["error"]["code"]) == (400, "TOKEN_INVALID")

        # A page of another origin is refused before anything is made.
        page.open(f"http://globex.localhost:{urlsplit(live.base_url).port}/auth/v1/oidc")
        page.run(SCRIPT)
        foreign = called(page, "call('/passkeys/options', {})")
        assert foreign["options"]["rpId"] == "globex.localhost"
        nothing = page.run(
            "navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON("
            f"{json.dumps(foreign['options'])})}}).then(() => 'found', error => error.name)"
        )
        assert nothing == "NotAllowedError"
