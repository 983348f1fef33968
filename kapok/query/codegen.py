"""Plan to SQL: total, pure and deterministic.

In: the root reads of an operation. Out: one statement with SCHEMA_MARK in place of the tenant's schema, giving one row
with one column of JSON text for each root read, and its parameters in the order of $1, $2 ...
"""

from __future__ import annotations

from collections.abc import Sequence

from kapok.query.aliases import Aliases
from kapok.query.codegen_rows import select
from kapok.query.fragments import Parameter, Sql, join, render, sql
from kapok.query.plan import FirstRead, OneRead, RootRead, ValueRead


def statement(roots: Sequence[RootRead]) -> tuple[str, tuple[Parameter, ...]]:
    """The statement of an operation; ("", ()) when there is nothing to read."""
    if not roots:
        return "", ()
    aliases = Aliases()
    if len(roots) == 1 and not isinstance(roots[0], OneRead | ValueRead | FirstRead):
        return render(select(roots[0], None, aliases))
    return render(sql("select ", join(", ", (_root(root, aliases) for root in roots))))


def _root(root: RootRead, aliases: Aliases) -> Sql:
    """In a sub-select, so that there is a row even where nothing is found."""
    if isinstance(root, FirstRead):
        choices = [sql("(", select(choice, None, aliases), ")") for choice in root.choices]
        return sql("coalesce(", join(", ", choices), ")") if choices else sql("null::text")
    return sql("(", select(root, None, aliases), ")")
