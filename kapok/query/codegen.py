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
from kapok.query.row_keys import told_apart


def statement(roots: Sequence[RootRead], keyed: frozenset[str] = frozenset()) -> tuple[str, tuple[Parameter, ...]]:
    """The statement of an operation; ("", ()) when there is nothing to read. keyed: tables of whose rows the keys are
    told (kapok.query.row_keys)."""
    if not roots:
        return "", ()
    aliases = Aliases(keyed)
    if len(roots) == 1 and not isinstance(roots[0], OneRead | ValueRead | FirstRead):
        found = select(roots[0], None, aliases)
    else:
        found = sql("select ", join(", ", [_root(root, aliases) for root in roots]))
    return render(told_apart(found, len(roots)) if aliases.marks else found)


def _root(root: RootRead, aliases: Aliases) -> Sql:
    """In a sub-select, so that there is a row even where nothing is found."""
    if isinstance(root, FirstRead):
        choices = [sql("(", select(choice, None, aliases), ")") for choice in root.choices]
        return sql("coalesce(", join(", ", choices), ")") if choices else sql("null::text")
    return sql("(", select(root, None, aliases), ")")
