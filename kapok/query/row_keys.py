"""Which rows an answer holds: their keys, kept for the record of the read (kapok_read), however deep they are nested.

In: the object of a row, and a statement. Out: the object with its key before it, between two characters that JSON text
never holds (RFC 8259, 7: it escapes them); the statement without those, which leaves {"rows": n, "keys": [[table,
column ...]]} in a setting of its transaction, last of all, so that no function of the project can change what it says.
"""

from __future__ import annotations

from kapok.model.types import Table
from kapok.query.aliases import Aliases
from kapok.query.fragments import Sql, column, join, literal, sql
from kapok.query.json_text import Json, Layer
from kapok.query.kept import whole_of

#: Keys told by name; `rows` counts the others too. A key whose text is longer is told as null.
MOST_KEYS, LONGEST_KEY = 100, 300
#: What no other statement that reads begins with.
_HEAD = "with k("


def marked(item: Json, table: Table, row: str, layer: Layer | None, aliases: Aliases) -> Json:
    """The object of a row, with its key where that is to be told. layer: as in `row_object`."""
    key = whole_of(table).primary_key
    if table.name not in aliases.keyed or key is None:
        return item
    aliases.marks = True
    values = [sql(column(row, name), "::text") for name in key.columns]
    found = sql("pg_catalog.jsonb_build_array(", join(", ", [sql(literal(table.name), "::text"), *values]), ")::text")
    told = found if layer is None else layer.column(found)
    return Json((sql("pg_catalog.chr(1)"), told, sql("pg_catalog.chr(2)"), *item.parts))


def told_apart(statement: Sql, columns: int) -> Sql:
    """The statement of so many columns without the keys in them, and one column more, which means nothing. Functions
    are named with their schema: an overload of the project's could fit better."""
    names = [f"c{number}" for number in range(columns)]
    answer = join(", ", [_without_keys(sql("k.", name)) for name in names])
    whole = sql("pg_catalog.concat(", join(", ", [sql("k.", name) for name in names]), ")")
    kept = sql("pg_catalog.left(pg_catalog.set_config('kapok.rows_read', (", _facts(whole), ")::text, true), 0)")
    return sql(_HEAD, join(", ", names), ") as materialized (", statement, ") select ", answer, ", ", kept, " from k")


def _without_keys(text: Sql) -> Sql:
    rest = "case when p.n = 1 then p.v else pg_catalog.split_part(p.v, pg_catalog.chr(2), 2) end"
    return sql("(select pg_catalog.string_agg(", rest, ", '' order by p.n) from ", _parts(text), ")")


def _parts(text: Sql) -> Sql:
    """What stands between the keys; all but the first begin with one."""
    return sql("pg_catalog.string_to_table(", text, ", pg_catalog.chr(1)) with ordinality p(v, n)")


def _facts(whole: Sql) -> Sql:
    """{"rows": n, "keys": [...]} of all rows of an answer, each once, those that come first by name."""
    each = sql(
        "select pg_catalog.split_part(p.v, pg_catalog.chr(2), 1) as v, pg_catalog.min(p.n) as n from ",
        _parts(whole),
        " where p.n > 1 group by 1",
    )
    first = sql("select e.v, pg_catalog.row_number() over (order by e.n) as n from (", each, ") e")
    told = f"pg_catalog.jsonb_agg(case when pg_catalog.length(f.v) <= {LONGEST_KEY} then f.v::jsonb end order by f.n)"
    keys = sql("coalesce(", told, f" filter (where f.n <= {MOST_KEYS}), '[]')")
    return sql(
        "select pg_catalog.jsonb_build_object('rows', pg_catalog.count(*), 'keys', ", keys, ") from (", first, ") f"
    )


def keeps_keys(template: str) -> bool:
    """Whether a compiled query leaves the keys of its rows."""
    return template.startswith(_HEAD)
