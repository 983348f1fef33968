"""Which rows an answer holds: their keys, kept for the record of the read (kapok_read), however deep they are nested.

In: the object of a row, and a statement. Out: the object with its key before it, between two characters that JSON never
holds; the statement without those, which leaves {"rows": n, "keys": [[table, column ...]]} in a setting of its
transaction. The setting is made last of all, so that no function of the project can change what it says.
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
#: JSON text has no control characters (RFC 8259, 7).
_MARKED = "chr(1) || '[^' || chr(2) || ']*' || chr(2)"
_KEY = "chr(1) || '([^' || chr(2) || ']*)' || chr(2)"


def marked(item: Json, table: Table, row: str, layer: Layer | None, aliases: Aliases) -> Json:
    """The object of a row, with its key where that is to be told. layer: as in `row_object`."""
    key = whole_of(table).primary_key
    if table.name not in aliases.keyed or key is None:
        return item
    aliases.marks = True
    values = [sql(column(row, name), "::text") for name in key.columns]
    found = sql("jsonb_build_array(", join(", ", [sql(literal(table.name), "::text"), *values]), ")::text")
    told = found if layer is None else layer.column(found)
    return Json((sql("chr(1)"), told, sql("chr(2)"), *item.parts))


def told_apart(statement: Sql, columns: int) -> Sql:
    """The statement of so many columns without the keys in them, and one column more, which means nothing."""
    names = [f"c{number}" for number in range(columns)]
    listed = join(", ", names)
    answer = join(", ", [sql("regexp_replace(k.", name, ", ", _MARKED, ", '', 'g')") for name in names])
    whole = sql("concat(", join(", ", [sql("k.", name) for name in names]), ")")
    kept = sql("left(set_config('kapok.rows_read', (", _facts(whole), ")::text, true), 0)")
    return sql(_HEAD, listed, ") as materialized (", statement, ") select ", answer, ", ", kept, " from k")


def _facts(whole: Sql) -> Sql:
    """{"rows": n, "keys": [...]} of all rows of an answer, each once, those that come first by name."""
    matches = sql("regexp_matches(", whole, ", ", _KEY, ", 'g') with ordinality m(v, n)")
    each = sql("select m.v[1] as v, row_number() over (order by min(m.n)) as n from ", matches, " group by m.v[1]")
    told = f"jsonb_agg(case when length(f.v) <= {LONGEST_KEY} then f.v::jsonb end order by f.n)"
    keys = sql("coalesce(", told, f" filter (where f.n <= {MOST_KEYS}), '[]')")
    return sql("select jsonb_build_object('rows', count(*), 'keys', ", keys, ") from (", each, ") f")


def keeps_keys(template: str) -> bool:
    """Whether a compiled query leaves the keys of its rows."""
    return template.startswith(_HEAD)
