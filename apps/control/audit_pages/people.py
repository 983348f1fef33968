"""Who is behind an actor or a target of a log. In: `operator:<id>`, `end_user:<id>`, `api_key:<id>` and the like. Out:
names, and pages of theirs, as far as the viewer may see them; and the other way round, for a name somebody typed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString
from django_tenants.utils import tenant_context

from apps.accounts.models import User as Operator
from apps.control.audit_pages.text import shortened, visible
from apps.control.models import ControlToken
from apps.identity.models import User as EndUser
from apps.tenants.access import projects_for, tenants_for
from apps.tenants.models import ApiKey, Project, Tenant

#: What logs call those who are nobody in particular.
_WORDS = {"system": "Kapok", "anybody": "somebody without an account"}
_KINDS = {
    "operator": "operator",
    "end_user": "user",
    "user": "user",
    "api_key": "API key",
    "key": "API key",
    "tenant": "tenant",
    "project": "project",
    "account": "account",
    "control_token": "API token",
    "log": "",
}
MAX_FOUND = 8


@dataclass(frozen=True, slots=True)
class Person:
    """actor: as the log has it. name: for people, the actor itself where nobody is known. kind: `operator`, `user`,
    `API key`, "" for a word. url: a page about it, where the viewer may see one."""

    actor: str
    name: str
    kind: str = ""
    url: str = ""
    known: bool = False

    @property
    def shown(self) -> SafeString:
        """The name as HTML; some are as long as somebody liked."""
        return visible(shortened(self.name))


class People:
    """Those of a tenant's log (None: the control plane's) whom the viewer may know. One query a kind."""

    def __init__(self, tenant: Tenant | None, viewer: Operator) -> None:
        self._tenant = tenant
        self._viewer = viewer
        self._known: dict[str, Person] = {}

    def learn(self, actors: Iterable[str]) -> None:
        """Look up all of these at once; `of` then costs nothing."""
        wanted: dict[Look, dict[uuid.UUID, list[str]]] = {}
        for actor in set(actors) - self._known.keys():
            kind, _, text = actor.partition(":")
            name = "this log" if kind == "log" else _WORDS.get(actor, text or actor)
            self._known[actor] = Person(actor, name, _KINDS.get(kind, "") if text else "")
            id_ = _uuid(text)
            if id_ is not None and kind in _LOOKUPS:
                wanted.setdefault(_LOOKUPS[kind], {}).setdefault(id_, []).append(actor)
        for look, ids in wanted.items():
            for id_, (name, url) in look(self, ids).items():
                for actor in ids[id_]:
                    self._known[actor] = Person(actor, name, self._known[actor].kind, url, known=True)

    def of(self, actor: str) -> Person:
        """The one behind an actor."""
        self.learn([actor])
        return self._known[actor]

    def called(self, text: str) -> list[Person]:
        """Whoever has this name or address, a few; a text that is an actor stands for itself."""
        if text in _WORDS or text.partition(":")[0] in _KINDS:
            return [self.of(text)]
        found = [f"operator:{pk}" for pk in Operator.objects.filter(email__iexact=text).values_list("pk", flat=True)]
        if self._tenant is not None:
            keys = ApiKey.objects.filter(Q(name=text) | Q(prefix=text.rstrip("…")), tenant=self._tenant)
            ids = list(keys.values_list("pk", flat=True)[:MAX_FOUND])
            found += [f"{kind}:{pk}" for pk in ids for kind in ("api_key", "key")]
            with tenant_context(self._tenant):
                users = EndUser.objects.filter(email=text.lower()).values_list("pk", flat=True)
                found += [f"end_user:{pk}" for pk in users[:MAX_FOUND]]
        self.learn(found)
        return [self.of(actor) for actor in found[:MAX_FOUND]]

    def _operators(self, ids: Iterable[uuid.UUID]) -> Found:
        return {pk: (email, "") for pk, email in Operator.objects.filter(pk__in=ids).values_list("pk", "email")}

    def _users(self, ids: Iterable[uuid.UUID]) -> Found:
        if self._tenant is None:
            return {}
        with tenant_context(self._tenant):
            found = list(EndUser.objects.filter(pk__in=ids).only("pk", "email"))
        return {user.pk: (str(user), reverse("tenant-user", args=[self._tenant.slug, user.pk])) for user in found}

    def _keys(self, ids: Iterable[uuid.UUID]) -> Found:
        found = ApiKey.objects.filter(pk__in=ids, tenant=self._tenant)
        return {key.pk: (str(key), reverse("admin:tenants_apikey_change", args=[key.pk])) for key in found}

    def _tokens(self, ids: Iterable[uuid.UUID]) -> Found:
        found = ControlToken.objects.filter(pk__in=ids).select_related("user")
        return {token.pk: (f"{token.name} of {token.user.email}", "") for token in found}

    def _tenants(self, ids: Iterable[uuid.UUID]) -> Found:
        found = tenants_for(self._viewer).filter(pk__in=ids).order_by().values_list("pk", "slug")
        return {pk: (slug, reverse("admin:tenants_tenant_change", args=[pk])) for pk, slug in found}

    def _projects(self, ids: Iterable[uuid.UUID]) -> Found:
        found: Iterable[Project] = projects_for(self._viewer).filter(pk__in=ids)
        return {one.pk: (one.slug, reverse("admin:tenants_project_change", args=[one.pk])) for one in found}


#: Names and pages' addresses by id.
Found = dict[uuid.UUID, tuple[str, str]]
Look = Callable[[People, Iterable[uuid.UUID]], Found]
_LOOKUPS: dict[str, Look] = {
    "operator": People._operators,
    "end_user": People._users,
    "user": People._users,
    "api_key": People._keys,
    "key": People._keys,
    "control_token": People._tokens,
    "tenant": People._tenants,
    "project": People._projects,
}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
