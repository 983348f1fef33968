"""Somebody is left who may do everything: nobody else could make another one.

In: users about to lose it. Out: whether they may.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from apps.accounts.models import User

LAST_SUPERUSER = "This is the last active superuser: make somebody else one first, or nobody could undo it."


def others_remain(users: Iterable[uuid.UUID]) -> bool:
    """Whether there is an active superuser besides these who may open the admin. Locks the rows of all of them until
    the transaction ends: two who demote each other at the same time come one after the other."""
    mighty = User.objects.filter(is_superuser=True, is_active=True, is_staff=True)
    locked = set(mighty.order_by("pk").select_for_update().values_list("pk", flat=True))
    return not locked or bool(locked - set(users))
