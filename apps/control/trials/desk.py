"""One tenant's tables and rules at hand: documents compiled as the data plane would, for any role.

In: a tenant and, to try something else than what holds, other rules. Out: compiled operations. Synchronous; nothing is
cached beyond the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from apps.tenants.acting import Actor
from apps.tenants.directory import limits_from
from apps.tenants.models import Tenant
from apps.tenants.rulebook import rules_of, tenant_model
from apps.tenants.trail import record_on_tenant
from kapok.errors import KapokError
from kapok.model.types import Model
from kapok.permissions.apply import visible
from kapok.permissions.rules import Permissions
from kapok.query.operation import Operation
from kapok.query.recorded import Recorded, names_in
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import TenantRef, TenantState


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document ready to run as a role, with its coerced variables."""

    operation: Operation | WriteOperation
    variables: Mapping[str, Any]

    @property
    def writes(self) -> bool:
        """Whether it is a mutation."""
        return isinstance(self.operation, WriteOperation)


class Desk:
    """looked: what was read of tables whose reads are recorded. Raises INVALID_STATE where the tenant has no tables."""

    def __init__(self, tenant: Tenant, rules: Permissions | None = None) -> None:
        self.tenant = tenant
        self.ref = tenant_ref(tenant)
        self.model: Model = tenant_model(tenant)
        self.rules = rules_of(tenant) if rules is None else rules
        self.looked: set[str] = set()
        self._recorded = Recorded(tenant.project.recorded_reads.items(), self.model)
        self._schemas: dict[str, ApiSchema] = {}

    def schema(self, role: str) -> ApiSchema:
        """What a role sees; everything, for `service`."""
        if role not in self._schemas:
            self._schemas[role] = build_schema(build_surface(visible(self.model, self.rules, role)))
        return self._schemas[role]

    def compile(
        self, role: str, text: str, variables: Mapping[str, Any], operation_name: str | None = None
    ) -> Compiled:
        """As the endpoint does. Raises DocumentInvalid, KapokError."""
        schema, limits = self.schema(role), self.ref.limits
        document = parse_document(text, schema, limits)
        node = document.operation(operation_name)
        coerced = coerce_variables(document, node, variables)
        operation = compile_operation(schema, document, node, coerced)
        cost = operation.cost(coerced, limits.rows)
        if cost > limits.cost:
            raise KapokError("QUERY_TOO_COMPLEX", details={"cost": cost, "limit": limits.cost})
        return Compiled(operation, coerced)

    def look(self, read: Operation | WriteOperation | str) -> None:
        """An operation, or SQL, is about to be run."""
        told = self._recorded.told(names_in(read)) if isinstance(read, str) else self._recorded.read_by(read)
        self.looked.update(told)

    def tell(self, acting: Actor, role: str, trial: str) -> None:
        """Record what was looked at; before any of it is shown. role: as which, "" for several. trial: what for."""
        if self.looked:
            told = {"tables": sorted(self.looked), "trial": trial, **({"role": role} if role else {})}
            record_on_tenant("data.read", self.tenant, acting=acting, **told)


def tenant_ref(tenant: Tenant) -> TenantRef:
    """A tenant as the data plane knows it."""
    return TenantRef(
        id=tenant.pk,
        slug=tenant.slug,
        project_id=tenant.project_id,
        schema=tenant.schema_name,
        gateway_role=tenant.project.gateway_role,
        state=TenantState(tenant.state),
        limits=limits_from(tenant.limits or {}),
    )
