"""Rate limits: attempts are counted in Redis, before they are made.

In: what is limited, a key (an account, an address) and the most attempts. Out: RATE_LIMITED with `retryAfter` in
seconds, or nothing. An attempt counts until it succeeds, so that a thousand guesses at once are as many as one after
another. While Redis is away each process counts for itself: neither open to guessing nor closed to everybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from apps.accounts.throttle import counter
from kapok.errors import KapokError
from kapok.networks import network_of as network_of


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many attempts in any `seconds` for one key; the window begins with its first attempt."""

    name: str
    seconds: int

    def hit(self, *key: object, most: int) -> None:
        """Count an attempt. Raises RATE_LIMITED when there are too many."""
        hit_all([(self, key, most)])

    def refund(self, *key: object) -> None:
        """The attempt succeeded: it counts no more."""
        refund_all([(self, key, 0)])

    def name_of(self, key: tuple[object, ...]) -> str:
        """The key in Redis: hashed, so that what a caller sends cannot become a strange or long one."""
        digest = hashlib.sha256("\x00".join(map(str, key)).encode()).hexdigest()[:40]
        return f"kapok:limit:{self.name}:{digest}"


#: What is limited, its key, and the most attempts.
Counted = tuple[RateLimit, tuple[object, ...], int]


def hit_all(counted: Sequence[Counted]) -> None:
    """Count one attempt under several limits, in one round trip. Raises RATE_LIMITED when it is too many for any."""
    names = [limit.name_of(key) for limit, key, _ in counted]
    counts = counter().hit(names, [limit.seconds for limit, _, _ in counted])
    waits = [left for (count, left), (_, _, most) in zip(counts, counted, strict=True) if count > most]
    if waits:
        raise KapokError("RATE_LIMITED", "Too many attempts.", details={"retryAfter": max(1, *waits)})


def refund_all(counted: Sequence[Counted]) -> None:
    """The attempt succeeded: it counts no more."""
    counter().refund([limit.name_of(key) for limit, key, _ in counted])


#: Sign-ins that have not succeeded, and what else can be guessed.
ACCOUNT_FROM_ADDRESS = RateLimit("account-from-address", 300)
ACCOUNT = RateLimit("account", 300)
ADDRESS = RateLimit("address", 300)
#: Sign-ins that were begun where nothing can be guessed (passkeys, identity providers): each leaves a row. A limit of
#: their own, for pages may begin one for everybody who only looks at them.
BEGUN = RateLimit("begun", 300)
#: New accounts and mails.
SIGN_UPS = RateLimit("sign-ups", 3600)
MAILS = RateLimit("mails", 3600)
