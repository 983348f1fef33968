"""What a user's token says of him: roles and claims.

In: a user, and how he signs in. Out: `Subject`: the hook's roles where it names any, else the user's own, else the
project's default role; the hook's claims, and what the tenant's admins noted (`app_metadata`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apps.identity.models import User
from apps.identity.rows import Facts, rules_of
from apps.identity.services import hook
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Project, Tenant
from kapok.errors import KapokError
from kapok.permissions.rules import parse_permissions
from kapok.principal import ANON_ROLE

#: The role of users without roles, where a project declares it.
MEMBER_ROLE = "member"


@dataclass(frozen=True, slots=True)
class Subject:
    """roles: at least one, the active one first."""

    roles: tuple[str, ...]
    claims: Mapping[str, Any]


def subject_of(tenant: Tenant, user: User, method: str, facts: Facts | None = None) -> Subject:
    """Ask the hook, and fill in the defaults. facts: None where they were not read with the user. Raises
    SIGN_IN_REFUSED, HOOK_FAILED."""
    verdict = hook.ask(tenant, hook.TOKEN_ISSUED, user, method, there=facts.hook if facts else None)
    own = {"app_metadata": user.app_metadata} if user.app_metadata else {}
    anonymous = {"is_anonymous": True} if user.is_anonymous else {}
    # A hook that names no roles (an empty list) leaves the project's default, not the user's own.
    roles = tuple(user.roles) if verdict.roles is None else verdict.roles
    default = (_default_role(tenant.project, user, facts.rules if facts else rules_of(tenant.project)),)
    return Subject(roles or default, {**own, **verdict.claims, **anonymous})


def usual_roles(project: Project, user: User) -> tuple[str, ...]:
    """A user's own roles, or the project's default: what a token says where the hook says nothing of roles."""
    return tuple(user.roles) or (_default_role(project, user, rules_of(project)),)


def _default_role(project: Project, user: User, rules: str) -> str:
    if user.is_anonymous:
        return ANON_ROLE
    return AuthSettings.of(project).default_role or _usual_role(rules)


@lru_cache(maxsize=256)
def _usual_role(permissions: str) -> str:
    try:
        declared = MEMBER_ROLE in parse_permissions(permissions).roles
    except KapokError:
        declared = False
    return MEMBER_ROLE if declared else ANON_ROLE
