"""Names that GraphQL or Kapok needs itself, in the form a `Namespace` claims them. Append freely."""

from __future__ import annotations

from kapok.model.scalars import SCALARS

_SCALARS = ("ID", "Int", "Float", "String", "Boolean", *SCALARS)
_TYPES = (
    *("Query", "Mutation", "Subscription", "Node", "PageInfo", "ChangeOperation", "OrderDirection", "Nulls"),
    *_SCALARS,
    # Filters and aggregates of scalars.
    *[f"{scalar}{suffix}" for scalar in _SCALARS for suffix in ("Filter", "ListFilter")],
)
_QUERY_FIELDS = ("node", "nodes")

#: For the namespace of types and root fields.
RESERVED = frozenset([f"type {name}" for name in _TYPES] + [f"query {name}" for name in _QUERY_FIELDS])
