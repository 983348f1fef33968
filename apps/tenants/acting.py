"""Who acts in a service: an operator, or the platform itself."""

from __future__ import annotations

from dataclasses import dataclass

from apps.accounts.models import User


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The platform itself: jobs, the command line on the server, tests."""

    name: str = "system"


SYSTEM = SystemActor()

Actor = User | SystemActor


def operator(acting: Actor) -> User | None:
    """The operator, or None when the platform itself acts: what foreign keys to users hold."""
    return acting if isinstance(acting, User) else None


def actor_name(acting: Actor) -> str:
    """What logs call the actor: `operator:<id>` or `system`."""
    return f"operator:{acting.pk}" if isinstance(acting, User) else acting.name
