"""An operator's authenticator app, for tests with a calm clock (tests/identity/clock.py)."""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.two_step import do_enrol
from kapok.totp import PERIOD_SECONDS, new_secret


@dataclass(frozen=True)
class App:
    """What it knows, and the recovery codes on paper."""

    secret: str
    recovery_codes: tuple[str, ...] = ()

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return pyotp.TOTP(self.secret).at(int(timezone.now().timestamp()) + steps * PERIOD_SECONDS)

    def wrong(self) -> str:
        """A code that is right at no time that counts."""
        right = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


def enrolled(user: User) -> App:
    """The operator has it from now on; the code of now has not been used."""
    app = App(new_secret())
    return App(app.secret, do_enrol(user, app.secret, app.code(-1)))
