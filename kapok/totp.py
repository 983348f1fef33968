"""Time-based one-time codes (RFC 6238: SHA-1, six digits, thirty seconds, as every authenticator app has them).

In: a shared secret in base32 and a code a person typed. Out: the time step the code is of, or None. Pure.
"""

from __future__ import annotations

import hmac
import io
import re
from datetime import datetime

import pyotp
import segno

PERIOD_SECONDS = 30
#: How many steps a phone's clock may be off, each way.
DRIFT_STEPS = 1
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """A random secret of 160 bits, in base32."""
    return pyotp.random_base32(32)


def otpauth_uri(secret: str, account: str, issuer: str) -> str:
    """What authenticator apps read. account: the user's address; issuer: the name the app shows."""
    # A colon would end the issuer early, in the apps' eyes.
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer.replace(":", " "))


def qr_svg(text: str) -> str:
    """A QR code as one <svg> element without size: it fills the space it is given."""
    out = io.BytesIO()
    segno.make(text, micro=False, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, nl=False, omitsize=True, border=4, light="white"
    )
    return out.getvalue().decode()


def step_of(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The step a code is right for; None for a wrong code, and for one of a step that is not after `last_step`: a code
    is good once (RFC 6238, 5.2)."""
    if not _CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // PERIOD_SECONDS
    found = None
    # All are compared, and in constant time: how long it takes says nothing.
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        right = hmac.compare_digest(totp.at(step * PERIOD_SECONDS), code)
        if right and (last_step is None or step > last_step):
            found = step
    return found
