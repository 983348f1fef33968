"""Rows for tests, by factory-boy. They are rows only: `provision_now` (or a worker) makes what belongs to them."""

from __future__ import annotations

from typing import Any

import factory
from factory.django import DjangoModelFactory

from apps.accounts.models import User
from apps.tenants.acting import SYSTEM
from apps.tenants.models import ApiKey, Domain, Operation, OperationKind, Project, Template, Tenant
from apps.tenants.provisioning import provision_now
from apps.tenants.services import do_create_key, do_upload_migrations
from apps.tenants.template import checksum_of_all, migration_marks, template_of
from kapok.tokens import KeyKind, new_key

#: A small application: two tables with rows, an enum, a view, a function and a trigger.
LIBRARY = {
    "0001_books.sql": """
        create type genre as enum ('novel', 'poetry');
        create table authors (id bigint generated always as identity primary key, name text not null unique);
        create table books (
            id uuid primary key default gen_random_uuid(),
            author_id bigint not null references authors,
            title text not null check (length(title) > 0),
            genre genre not null default 'novel',
            views integer not null default 0
        );
        create index on books (author_id);
        insert into authors (name) values ('Ada'), ('Grace; -- O''Hara');
    """,
    "0002_more.sql": """
        create view novels as select id, title from books where genre = 'novel';
        create function book_count(author authors) returns bigint language sql stable
            as $$ select count(*) from books b where b.author_id = author.id $$;
        create function touch() returns trigger language plpgsql as $$
            begin new.views := new.views + 1; return new; end $$;
        create trigger touch before update on books for each row execute function touch();
        comment on table books is 'What ''readers'' read';
    """,
}


class UserFactory(DjangoModelFactory[User]):
    """An operator without rights. admin=True: a superuser."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        admin = factory.Trait(is_staff=True, is_superuser=True)

    email = factory.Sequence(lambda n: f"operator{n}@example.com")
    name = "Operator"
    password = factory.django.Password("correct horse battery")


#: What templates of sets of migrations came out as, by checksum.
_compiled: dict[str, dict[str, Any]] = {}


class ProjectFactory(DjangoModelFactory[Project]):
    """A project; migrations={...}: with these files. compiled=True: with their template, compiled by the first project
    that had the same files."""

    class Meta:
        model = Project
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"project-{n}")
    name = "Project"

    @factory.post_generation
    def migrations(self: Any, create: bool, extracted: dict[str, str] | None, **kwargs: Any) -> None:
        """Upload files."""
        if extracted:
            do_upload_migrations(self, extracted, acting=SYSTEM)

    @factory.post_generation
    def compiled(self: Any, create: bool, extracted: bool, **kwargs: Any) -> None:
        """Compile the template, or take the known one."""
        if not extracted:
            return
        checksum = checksum_of_all(migration_marks(self))
        if checksum in _compiled:
            Template.objects.create(project=self, checksum=checksum, **_compiled[checksum])
        else:
            made = template_of(self)
            _compiled[checksum] = {name: getattr(made, name) for name in ("method", "sql", "catalog", "compiled_at")}


class TenantFactory(DjangoModelFactory[Tenant]):
    """A tenant that waits to be set up; ready=True: active, with schema and roles."""

    class Meta:
        model = Tenant
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"tenant-{n}")
    name = "Tenant"
    project = factory.SubFactory(ProjectFactory)

    @factory.post_generation
    def ready(self: Any, create: bool, extracted: bool, **kwargs: Any) -> None:
        """Provision in this process."""
        if extracted:
            provision_now(self)


class DomainFactory(DjangoModelFactory[Domain]):
    """A custom host name."""

    class Meta:
        model = Domain

    tenant = factory.SubFactory(TenantFactory)
    domain = factory.Sequence(lambda n: f"app{n}.example.com")


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """A secret key whose plain text nobody knows; `make_key` gives one that can be sent."""

    class Meta:
        model = ApiKey

    tenant = factory.SubFactory(TenantFactory)
    name = "key"
    kind = KeyKind.SECRET.value
    role = "service"
    prefix = "ksec_test"
    digest = factory.LazyFunction(lambda: new_key(KeyKind.SECRET).digest)


class OperationFactory(DjangoModelFactory[Operation]):
    """A queued provisioning that nobody has queued yet."""

    class Meta:
        model = Operation

    kind = OperationKind.PROVISION
    tenant = factory.SubFactory(TenantFactory)
    project = factory.SelfAttribute("tenant.project")


def make_key(tenant: Tenant, kind: KeyKind = KeyKind.SECRET, **more: Any) -> str:
    """A working key of a tenant, as a caller sends it."""
    return do_create_key(tenant, kind, acting=SYSTEM, **more)[1]
