"""Plan to SQL: total, pure and deterministic.

In: the root reads of an operation. Out: one statement with SCHEMA_MARK in place of the tenant's schema, giving one row
with one JSON column for each root read, and its parameters in the order of $1, $2 ...
"""

from __future__ import annotations

from collections.abc import Sequence

from kapok.query.aliases import Aliases
from kapok.query.codegen_rows import select
from kapok.query.fragments import Parameter, Sql, join, render, sql
from kapok.query.plan import FirstRead, RootRead, ValueRead


def statement(roots: Sequence[RootRead]) -> tuple[str, tuple[Parameter, ...]]:
    """The statement of an operation; ("", ()) when there is nothing to read."""
    if not roots:
        return "", ()
    aliases = Aliases()
    return render(sql("select ", join(", ", (_root(root, aliases) for root in roots))))


def _root(root: RootRead, aliases: Aliases) -> Sql:
    match root:
        case FirstRead():
            choices = [sql("(", select(choice, None, aliases), ")") for choice in root.choices]
            return sql("coalesce(", join(", ", choices), ")") if choices else sql("null")
        case ValueRead():
            return sql("to_json((", select(root, None, aliases), "))")
        case _:
            return sql("(", select(root, None, aliases), ")")
