"""What the data plane knows of a tenant: found by the directory, used by everything after it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from kapok.identifiers import checked_schema_name


class TenantState(StrEnum):
    """The states of a tenant's life; only ACTIVE answers requests."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request of a tenant may use, checked before SQL runs (except the time)."""

    depth: int = 15
    cost: int = 1000
    rows: int = 1000
    aliases: int = 50
    document_bytes: int = 100_000
    statement_ms: int = 10_000
    concurrency: int = 64


@dataclass(frozen=True, slots=True)
class TenantRef:
    """One tenant, bound to its project, schema, roles and limits."""

    id: uuid.UUID
    slug: str
    project_id: uuid.UUID
    schema: str
    gateway_role: str
    state: TenantState
    limits: Limits = field(default_factory=Limits)
    #: Of the tenant's own rules, which replace some of the project's; 0: it has none.
    permissions_version: int = 0
    #: Role, time-out in milliseconds and search path, as every statement's preamble takes them.
    settings: tuple[bytes, bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        schema = checked_schema_name(self.schema).encode()
        # pg_temp is named last, so that a temporary table cannot stand in for the tenant's.
        object.__setattr__(self, "settings", (schema, b"%d" % self.limits.statement_ms, schema + b", pg_temp"))


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """What a project says about every request of its tenants."""

    id: uuid.UUID
    slug: str
    permissions_version: int
    cors_origins: tuple[str, ...] = ()
    trusted_documents_only: bool = False
    introspection: bool = True
    # False: the statuses of the graphql-http audit suite; True: those of the newest GraphQL-over-HTTP draft.
    draft_statuses: bool = False
    #: Tables, and functions as `name()`, whose reads are recorded, each with a value of kapok.changelog.settings.Reads.
    recorded_reads: tuple[tuple[str, str], ...] = ()
