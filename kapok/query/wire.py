"""The wire form of values: what a column becomes in the JSON of a response (docs/graphql.md, "Values").

In: an SQL expression and its type. Out: an SQL expression for its JSON text, null where the value is null. bigint and
numeric are strings (JSON numbers lose digits in JavaScript), bytea is base64, enums have their API names, ranges and
composites are objects, types of extensions are text; everything else is what to_json makes of it.
"""

from __future__ import annotations

from enum import Enum, auto

from kapok.model.types import EnumValue, PgType, TypeKind
from kapok.query.aliases import Aliases
from kapok.query.fragments import Sql, identifier, literal, sql
from kapok.query.json_text import Json, constant, list_of, nullable, object_of, present
from kapok.query.plan import Shape, TypeName

#: Types whose text is a JSON number or boolean.
_PLAIN = frozenset({"bool", "int2", "int4"})
#: Types whose text needs quotes but no escapes; a JSON number could round the first two.
_QUOTED = frozenset({"int8", "numeric", "uuid"})
#: Strings as to_json writes them; a cast to text would take the blanks at the end from char(n).
_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "char"})
#: Types whose text is JSON.
_JSON = frozenset({"json", "jsonb"})
#: Types to_json would write as numbers (json_categorize_type in src/backend/utils/adt/json.c).
_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})
#: Arrays whose elements must be rebuilt one by one keep up to this many dimensions; more become text.
_MAX_DIMENSIONS = 3
_UPPER = '::text collate "pg_catalog"."C")'


class _Form(Enum):
    PLAIN = auto()
    QUOTED = auto()
    JSON = auto()
    UPPER = auto()  # an enum whose API names are its labels in upper case
    AS_TEXT = auto()  # to_json of its text; an array of them as text[]
    TO_JSON = auto()  # to_json is right
    REBUILT = auto()  # an expression of its own, in an array for each element


def type_name(read: TypeName) -> Json:
    """__typename."""
    return constant(f'"{read.name}"')


def json_value(value: Sql, type_: PgType, shape: Shape, aliases: Aliases, *, as_id: bool = False) -> Sql:
    """The JSON text of a value. shape: what is read of a composite or a range. as_id: an ID, so always a string."""
    if type_.kind is TypeKind.DOMAIN and type_.element is not None:
        return json_value(sql("(", value, ")::", type_.element.name), type_.element, shape, aliases, as_id=as_id)
    if type_.kind is TypeKind.ARRAY and type_.element is not None:
        return _array(value, type_.element, shape, aliases)
    match _form(type_, as_id):
        case _Form.PLAIN | _Form.JSON:
            return sql(value, "::text")
        case _Form.QUOTED:
            return sql("'\"' || ", value, "::text || '\"'")
        case _Form.UPPER:
            return sql("'\"' || upper(", value, _UPPER, " || '\"'")
        case _Form.AS_TEXT:
            return sql("to_json(", value, "::text)::text")
        case _Form.TO_JSON:
            return sql("to_json(", value, ")::text")
        case _Form.REBUILT:
            return _rebuilt(value, type_, shape, aliases)


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
    name = type_.name.name
    if type_.name.schema != "pg_catalog" or (type_.scalar == "String" and name not in _TEXTS):
        return _Form.AS_TEXT  # to_json makes an array of int2vector and what it likes of an extension's type
    if name in _QUOTED or (as_id and name in _NUMBERS):
        return _Form.QUOTED
    if name == "bytea":
        return _Form.REBUILT
    return _Form.PLAIN if name in _PLAIN else _Form.JSON if name in _JSON else _Form.TO_JSON


def _enum_form(values: tuple[EnumValue, ...]) -> _Form:
    if all(value.label == value.api_name for value in values):
        return _Form.QUOTED
    if all(value.label.isascii() and value.label.upper() == value.api_name for value in values):
        return _Form.UPPER
    return _Form.REBUILT


def _rebuilt(value: Sql, type_: PgType, shape: Shape, aliases: Aliases) -> Sql:
    match type_.kind:
        case TypeKind.ENUM:
            whens = [
                sql(" when ", literal(v.label), "::", type_.name, " then ", literal(f'"{v.api_name}"'))
                for v in type_.values
            ]
            return sql("case ", value, *whens, " end")
        case TypeKind.RANGE:
            return _object(value, sql(value, " is not null"), _range_entries(value, type_, shape, aliases))
        case TypeKind.MULTIRANGE:
            alias = aliases.new()
            each = object_of(_range_entries(sql(alias, ".r"), type_, shape, aliases))
            ranges = sql("select ", list_of(each), " from unnest(", value, ") ", alias, "(r)")
            return sql("case when ", value, " is not null then (", ranges, ") end")
        case TypeKind.COMPOSITE:
            # `is not null` would be false for a composite with one null attribute; this looks at the whole value.
            exists = sql(value, " is distinct from null")
            return _object(value, exists, _composite_entries(value, type_, shape, aliases))
        case _:  # bytea; encode() breaks lines after 76 characters
            return sql("'\"' || replace(encode(", value, ", 'base64'), chr(10), '') || '\"'")


def _object(value: Sql, exists: Sql, entries: list[tuple[str, Json]]) -> Sql:
    return sql("case when ", exists, " then ", object_of(entries).text(), " end")


def _range_entries(value: Sql, type_: PgType, shape: Shape, aliases: Aliases) -> list[tuple[str, Json]]:
    entries: list[tuple[str, Json]] = []
    for field in shape or ():
        if isinstance(field.read, TypeName):
            entries.append((field.key, type_name(field.read)))
        else:
            entries.append((field.key, nullable(_range_member(value, type_, field.read.name, aliases))))
    return entries


def _range_member(value: Sql, type_: PgType, name: str, aliases: Aliases) -> Sql:
    match name:
        case "lowerInclusive":
            return sql("lower_inc(", value, ")::text")
        case "upperInclusive":
            return sql("upper_inc(", value, ")::text")
        case "isEmpty":
            return sql("isempty(", value, ")::text")
        case bound:
            assert type_.element is not None  # every range has a subtype
            return json_value(sql(bound, "(", value, ")"), type_.element, None, aliases)


def _composite_entries(value: Sql, type_: PgType, shape: Shape, aliases: Aliases) -> list[tuple[str, Json]]:
    types = {attribute.name: attribute.type for attribute in type_.attributes}
    entries: list[tuple[str, Json]] = []
    for field in shape or ():
        read = field.read
        if isinstance(read, TypeName):
            entries.append((field.key, type_name(read)))
        else:
            attribute = sql("(", value, ").", identifier(read.name))
            entries.append((field.key, nullable(json_value(attribute, types[read.name], read.shape, aliases))))
    return entries


def _array(value: Sql, element: PgType, shape: Shape, aliases: Aliases) -> Sql:
    match _form(element):
        case _Form.QUOTED | _Form.AS_TEXT:
            return sql("to_json(", value, "::text[])::text")
        case _Form.UPPER:  # in the text form of an array, labels are the only letters besides NULL
            return sql("to_json(upper(", value, _UPPER, "::text[])::text")
        case _Form.REBUILT:
            return _rebuilt_array(value, element, shape, aliases)
        case _:
            return sql("to_json(", value, ")::text")


def _rebuilt_array(value: Sql, element: PgType, shape: Shape, aliases: Aliases) -> Sql:
    """Lists within lists over the subscripts of each dimension; null elements stay null."""

    def level(dimension: int, last: int, subscripts: tuple[str, ...]) -> Json:
        if dimension > last:
            item = sql("(", value, ")", *(f"[{subscript}]" for subscript in subscripts))
            return nullable(json_value(item, element, shape, aliases))
        alias = aliases.new()
        inner = level(dimension + 1, last, (*subscripts, f"{alias}.i"))
        source = sql(" from generate_subscripts(", value, f", {dimension}) {alias}(i)")
        return present(sql("(select ", list_of(inner), source, ")"))

    whens = [sql(f" when {count} then ", level(1, count, ()).text()) for count in range(1, _MAX_DIMENSIONS + 1)]
    # array_ndims is null for an empty array.
    rest = sql("to_json(", value, "::text[])::text")
    return sql("case array_ndims(", value, ")", *whens, " else ", rest, " end")
