"""The wire form of values: what a column becomes in the JSON of a response (docs/graphql.md, "Values").

In: an SQL expression and its type. Out: an SQL expression that row_to_json turns into the right JSON. bigint and
numeric are strings (JSON numbers lose digits in JavaScript), bytea is base64, enums have their API names, ranges and
composites are objects, types of extensions are text; everything else is already right as row_to_json gives it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from kapok.model.types import EnumValue, PgType, TypeKind
from kapok.query.aliases import Aliases
from kapok.query.fragments import Sql, identifier, literal, sql
from kapok.query.objects import Entry, object_value
from kapok.query.plan import Shape, TypeName

#: Types row_to_json writes as numbers (json_categorize_type in src/backend/utils/adt/json.c).
_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})
#: Of those, the ones a JSON number could round.
_LONG_NUMBERS = frozenset({"int8", "numeric"})
#: Arrays of what must be rebuilt element by element keep their dimensions up to this many.
_MAX_REBUILT_DIMENSIONS = 3


class _Form(Enum):
    RAW = auto()  # row_to_json is right
    TEXT = auto()  # cast to text; an array to text[]
    UPPER = auto()  # an enum whose API names are its labels in upper case
    REBUILT = auto()  # needs an expression of its own for each element


def read_value(value: Sql, type_: PgType, shape: Shape, aliases: Aliases, *, as_id: bool = False) -> Sql:
    """The wire form of a value. shape: what is read of a composite or a range. as_id: an ID, so always a string."""
    if type_.kind is TypeKind.DOMAIN and type_.element is not None:
        base = type_.element
        if _form(base, as_id) is not _Form.RAW:
            value = sql("(", value, ")::", base.name)
        return read_value(value, base, shape, aliases, as_id=as_id)
    if type_.kind is TypeKind.ARRAY and type_.element is not None:
        return _read_array(value, type_.element, shape, aliases)
    match _form(type_, as_id):
        case _Form.RAW:
            return value
        case _Form.TEXT:
            return sql(value, "::text")
        case _Form.UPPER:
            return sql("upper(", value, '::text collate "pg_catalog"."C")')
        case _Form.REBUILT:
            return _rebuild(value, type_, shape, aliases)


def _form(type_: PgType, as_id: bool = False) -> _Form:
    match type_.kind:
        case TypeKind.ENUM:
            return _enum_form(type_.values)
        case TypeKind.DOMAIN if type_.element is not None:
            return _form(type_.element, as_id)
        case TypeKind.ARRAY if type_.element is not None:
            return _form(type_.element)
        case TypeKind.SCALAR:
            return _scalar_form(type_, as_id)
        case _:
            return _Form.REBUILT


def _scalar_form(type_: PgType, as_id: bool) -> _Form:
    name = type_.name
    if name.schema != "pg_catalog":
        return _Form.TEXT
    if name.name == "bytea":
        return _Form.REBUILT
    return _Form.TEXT if name.name in (_NUMBERS if as_id else _LONG_NUMBERS) else _Form.RAW


def _enum_form(values: tuple[EnumValue, ...]) -> _Form:
    if all(value.label == value.api_name for value in values):
        return _Form.RAW
    if all(value.label.isascii() and value.label.upper() == value.api_name for value in values):
        return _Form.UPPER
    return _Form.REBUILT


def _rebuild(value: Sql, type_: PgType, shape: Shape, aliases: Aliases) -> Sql:
    match type_.kind:
        case TypeKind.ENUM:
            return _read_enum(value, type_)
        case TypeKind.RANGE:
            return _read_range(value, type_, shape, aliases)
        case TypeKind.MULTIRANGE:
            alias = aliases.new()
            each = _read_range(sql(alias, ".r"), type_, shape, aliases)
            ranges = sql("to_json(array(select ", each, " from unnest(", value, ") ", alias, "(r)))")
            return sql("case when ", value, " is not null then ", ranges, " end")
        case TypeKind.COMPOSITE:
            return _read_composite(value, type_, shape, aliases)
        case _:  # bytea; encode() breaks lines after 76 characters
            return sql("replace(encode(", value, ", 'base64'), chr(10), '')")


def _read_enum(value: Sql, type_: PgType) -> Sql:
    """A CASE over the labels. They are part of the schema, as column names are."""
    whens = [sql(" when ", literal(v.label), "::", type_.name, " then ", literal(v.api_name)) for v in type_.values]
    return sql("case ", value, *whens, " end")


def _read_range(value: Sql, type_: PgType, shape: Shape, aliases: Aliases) -> Sql:
    bound = type_.element
    assert bound is not None  # every range has a subtype
    readers: dict[str, Callable[[], Sql]] = {
        "lower": lambda: read_value(sql("lower(", value, ")"), bound, None, aliases),
        "upper": lambda: read_value(sql("upper(", value, ")"), bound, None, aliases),
        "lowerInclusive": lambda: sql("lower_inc(", value, ")"),
        "upperInclusive": lambda: sql("upper_inc(", value, ")"),
        "isEmpty": lambda: sql("isempty(", value, ")"),
    }
    entries: list[Entry] = []
    for field in shape or ():
        if isinstance(field.read, TypeName):
            entries.append((field.key, sql(literal(field.read.name), "::text")))
        else:
            entries.append((field.key, readers[field.read.name]()))
    return object_value(entries, aliases, sql(value, " is not null"))


def _read_composite(value: Sql, type_: PgType, shape: Shape, aliases: Aliases) -> Sql:
    entries: list[Entry] = []
    for field in shape or ():
        read = field.read
        if isinstance(read, TypeName):
            entries.append((field.key, sql(literal(read.name), "::text")))
            continue
        attribute = sql("(", value, ").", identifier(read.name))
        member_type = next(a.type for a in type_.attributes if a.name == read.name)
        entries.append((field.key, read_value(attribute, member_type, read.shape, aliases)))
    # `is not null` would be false for a composite with one null attribute; this form looks at the whole value.
    return object_value(entries, aliases, sql(value, " is distinct from null"))


def _read_array(value: Sql, element: PgType, shape: Shape, aliases: Aliases) -> Sql:
    match _form(element):
        case _Form.RAW:
            return value
        case _Form.TEXT:
            return sql(value, "::text[]")
        case _Form.UPPER:  # in the text form of an array, labels are the only letters besides NULL
            return sql("upper(", value, '::text collate "pg_catalog"."C")::text[]')
        case _Form.REBUILT:
            return _rebuild_array(value, element, shape, aliases)


def _rebuild_array(value: Sql, element: PgType, shape: Shape, aliases: Aliases) -> Sql:
    """Nested array() over the subscripts of each dimension; null elements stay null."""

    def level(dimension: int, last: int, subscripts: tuple[str, ...]) -> Sql:
        if dimension > last:
            item = sql("(", value, ")", *(f"[{subscript}]" for subscript in subscripts))
            return read_value(item, element, shape, aliases)
        alias = aliases.new()
        inner = level(dimension + 1, last, (*subscripts, f"{alias}.i"))
        source = sql(" from generate_subscripts(", value, f", {dimension}) {alias}(i)")
        return sql("to_json(array(select ", inner, source, "))")

    deeper = [sql(f" when {count} then ", level(1, count, ())) for count in range(2, _MAX_REBUILT_DIMENSIONS + 1)]
    plain = sql("case array_ndims(", value, ") when 1 then ", level(1, 1, ()), *deeper)
    return sql("case when ", value, " is not null then coalesce(", plain, " end, to_json(", value, "::text[])) end")
