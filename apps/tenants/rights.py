"""Records a change of what an operator or a group may do in a project, however it is made.

In: the project and who holds rights on it. Out: an event, where they are other ones at the end of the block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group
from django.db import transaction
from guardian.models import GroupObjectPermission, UserObjectPermission

from apps.accounts.models import User
from apps.tenants.acting import Actor
from apps.tenants.models import Project
from apps.tenants.trail import record_on_platform


@contextmanager
def recording_rights(project: Project, holder: User | Group, *, acting: Actor) -> Iterator[None]:
    """Whatever changes the holder's rights inside the block is one transaction with the event."""
    with transaction.atomic():
        before = _rights(project, holder)
        yield
        after = _rights(project, holder)
        if after != before:
            target = f"{'operator' if isinstance(holder, User) else 'group'}:{holder.pk}"
            record_on_platform("rights.set", target, acting=acting, project=project.slug, rights=after)


def _rights(project: Project, holder: User | Group) -> list[str]:
    of_users = isinstance(holder, User)
    rows = (
        UserObjectPermission.objects.filter(user=holder)
        if of_users
        else GroupObjectPermission.objects.filter(group=holder)
    )
    mine = rows.filter(object_pk=str(project.pk), content_type__app_label="tenants", content_type__model="project")
    return sorted(mine.values_list("permission__codename", flat=True))
