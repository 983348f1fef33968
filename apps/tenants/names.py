"""The database names of one tenant (or of a scratch schema). In: ids. Out: schema and role names, derived from them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from kapok.identifiers import gateway_role, owner_role, schema_name


@dataclass(frozen=True, slots=True)
class Names:
    """schema: also the NOLOGIN role that requests run as. owner: the LOGIN role that owns the project's tables.
    gateway: the LOGIN role of the project's requests; None for a scratch schema, which answers no requests."""

    schema: str
    owner: str
    gateway: str | None

    @classmethod
    def of(cls, tenant_id: uuid.UUID, project_id: uuid.UUID | None) -> Names:
        """The names of a tenant; without a project, of a scratch schema."""
        schema = schema_name(tenant_id)
        return cls(schema, owner_role(schema), None if project_id is None else gateway_role(project_id))
