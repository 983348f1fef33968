"""JSON objects and lists made of SQL expressions.

In: (key, expression) pairs and `rest`, what follows them in a select (from .. where .. order by ..). Out: SQL for JSON.
`row_to_json` over a sub-select is the quickest way Postgres has, but its keys are column names: a key over 63 bytes or
more than 1,600 keys need json_object_agg over a list of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

from kapok.identifiers import MAX_IDENTIFIER_BYTES
from kapok.query.aliases import Aliases
from kapok.query.fragments import Sql, identifier, join, literal, sql

Entry = tuple[str, Sql]
#: PostgreSQL manual, appendix K: at most 1,600 columns in a table, 1,664 in a result.
MAX_COLUMNS = 1600


def select_objects(outer: str, entries: Sequence[Entry], rest: Sql) -> Sql:
    """`select` giving one JSON object for each row of rest. outer: an alias for the row."""
    value, source = _object(outer, entries, rest, sql())
    return sql("select ", value, source)


def select_list(outer: str, entries: Sequence[Entry], rest: Sql, distinct: Sql | None = None) -> Sql:
    """`select` giving one JSON list of an object for each row of rest, in its order. distinct: `distinct on (...) `."""
    value, source = _object(outer, entries, rest, distinct or sql())
    return sql("select coalesce(json_agg(", value, "), '[]')", source)


def object_value(entries: Sequence[Entry], aliases: Aliases, when: Sql | None = None) -> Sql:
    """An expression for one JSON object; null unless `when` holds."""
    rest = sql() if when is None else sql(" where ", when)
    return sql("(", select_objects(aliases.new(), entries, rest), ")")


def _object(outer: str, entries: Sequence[Entry], rest: Sql, distinct: Sql) -> tuple[Sql, Sql]:
    if len(entries) <= MAX_COLUMNS and all(len(key.encode()) <= MAX_IDENTIFIER_BYTES for key, _ in entries):
        columns = join(", ", (sql(value, " as ", identifier(key)) for key, value in entries))
        return sql(f"row_to_json({outer})"), sql(" from (select ", distinct, columns, rest, ") ", outer)
    pairs = join(", ", (sql("(", literal(key), ", to_json(", value, "))") for key, value in entries))
    whole = sql("(select json_object_agg(p.k, p.v) from (values ", pairs, ") p (k, v))")
    return sql(f"{outer}.o"), sql(" from (select ", distinct, whole, " as o", rest, ") ", outer)
