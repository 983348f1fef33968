"""Pass: the schema's functions to computed fields (first argument a table's row) and query or mutation functions.

Left out, because a field could not express them: functions of hidden tables' rows, `record` without columns, and what
introspect.sql leaves out (triggers, internal, variadic and polymorphic functions, aggregates, procedures).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kapok.catalog.types import Catalog, RawArgument, RawFunction
from kapok.identifiers import QualifiedName
from kapok.model import naming
from kapok.model.build_tables import field_claims, root_field_claims
from kapok.model.build_types import Types, build_attributes, type_claims
from kapok.model.directives import read_comment
from kapok.model.namespace import Candidate, Key, Name, Namespace
from kapok.model.types import Argument, Function, PgType, Table, TypeKind, Volatility

_RECORD = QualifiedName("pg_catalog", "record")
_VOLATILITY = {"i": Volatility.IMMUTABLE, "s": Volatility.STABLE, "v": Volatility.VOLATILE}
_VOID = QualifiedName("pg_catalog", "void")
#: Arguments that every list field has.
_LIST_ARGUMENTS = frozenset(
    ("filter", "search", "orderBy", "limit", "offset", "distinctOn", "first", "after", "last", "before", "groupBy")
)


@dataclass(frozen=True, slots=True)
class _Signature:
    """A function and what is known of its types. outputs: OUT and TABLE columns when it returns `record`."""

    key: Key
    raw: RawFunction
    inputs: tuple[RawArgument, ...]
    input_types: tuple[PgType, ...]
    returns: PgType | None
    returns_table: str | None
    outputs: tuple[tuple[str, PgType], ...]
    row_of: str | None


@dataclass(frozen=True, slots=True)
class Functions:
    """root: query and mutation functions. computed: by table."""

    root: tuple[Function, ...]
    computed: Mapping[str, tuple[Function, ...]]


def build_functions(
    catalog: Catalog,
    tables: Mapping[str, Table],
    types: Types,
    fields: Mapping[str, Namespace],
    namespace: Namespace,
) -> Functions:
    """fields: each table's field names. namespace: type and root field names."""
    rows = {item.name: item.name.name for item in catalog.types if item.row and item.name.schema is None}
    signatures = [
        signature
        for signature in [_signature(raw, tables, types, rows) for raw in catalog.functions]
        if signature is not None
    ]
    computed = {}
    for name, table in tables.items():
        own = [signature for signature in signatures if signature.row_of == name]
        given = fields[name].assign([_computed_candidate(signature, table) for signature in own])
        computed[name] = tuple([_function(signature, given[signature.key][0], namespace) for signature in own])
    root = [signature for signature in signatures if signature.row_of is None]
    given = namespace.assign([_root_candidate(signature) for signature in root])
    return Functions(tuple([_function(item, given[item.key][0], namespace) for item in root]), computed)


def _signature(
    raw: RawFunction, tables: Mapping[str, Table], types: Types, rows: Mapping[QualifiedName, str]
) -> _Signature | None:
    """None for a function that no field can express."""
    inputs = tuple([argument for argument in raw.arguments if argument.mode in "ib"])
    outputs: tuple[tuple[str, PgType], ...] = ()
    if raw.returns == _RECORD:
        columns = [argument for argument in raw.arguments if argument.mode in "obt"]
        if not columns or not all(argument.name for argument in columns):
            return None
        outputs = tuple([(argument.name, types[argument.type]) for argument in columns])
    if raw.returns == _VOID and (raw.volatility != "v" or raw.returns_set):
        return None
    touched = {rows[name] for name in (raw.returns, *[argument.type for argument in raw.arguments]) if name in rows}
    if not touched <= tables.keys():
        return None
    is_computed = bool(inputs) and inputs[0].type in rows and raw.volatility != "v"
    given = inputs[1:] if is_computed else inputs
    return _Signature(
        key=(raw.name, *[f"{argument.type.schema or ''}.{argument.type.name}" for argument in inputs]),
        raw=raw,
        inputs=given,
        input_types=tuple([types[argument.type] for argument in given]),
        returns=None if raw.returns in rows else types.get(raw.returns),
        returns_table=rows.get(raw.returns),
        outputs=outputs,
        row_of=rows[inputs[0].type] if is_computed else None,
    )


def _computed_candidate(signature: _Signature, table: Table) -> Candidate:
    """`blog_posts_excerpt(blog_posts)` is `excerpt`, or `blogPostsExcerpt` where that is taken."""
    chosen = read_comment(signature.raw.comment).argument("name")
    name = naming.words(signature.raw.name)
    wishes = [(naming.camel(chosen or name),)]
    for prefix in (naming.words(table.name), naming.singular(table.name), naming.plural(table.name)):
        if not chosen and len(name) > len(prefix) and name[: len(prefix)] == prefix:
            wishes.insert(0, (naming.camel(name[len(prefix) :]),))
            break
    claims = _list_claims if signature.raw.returns_set and signature.returns_table else field_claims
    return Candidate(signature.key, tuple(wishes), claims, explicit=chosen is not None)


def _list_claims(name: Name) -> frozenset[str]:
    return frozenset([name[0], f"{name[0]}Connection", f"{name[0]}Aggregate"])


def _root_candidate(signature: _Signature) -> Candidate:
    chosen = read_comment(signature.raw.comment).argument("name")
    claims = root_field_claims
    if signature.raw.volatility == "v":
        claims = _mutation_claims
    elif signature.raw.returns_set and signature.returns_table:
        claims = _root_list_claims
    return Candidate(signature.key, ((naming.camel(chosen or signature.raw.name),),), claims, chosen is not None)


def _mutation_claims(name: Name) -> frozenset[str]:
    return frozenset([f"mutation {name[0]}"])


def _root_list_claims(name: Name) -> frozenset[str]:
    return frozenset([f"query {name[0]}{suffix}" for suffix in ("", "Connection", "Aggregate")])


def _function(signature: _Signature, api_name: str, namespace: Namespace) -> Function:
    raw = signature.raw
    comment = read_comment(raw.comment)
    return Function(
        name=raw.name,
        api_name=api_name,
        volatility=_VOLATILITY[raw.volatility],
        arguments=_arguments(signature),
        returns=_record(signature, api_name, namespace) if signature.outputs else signature.returns,
        returns_table=signature.returns_table,
        returns_set=raw.returns_set,
        row_of=signature.row_of,
        positional=any(not argument.name for argument in signature.inputs),
        strict=raw.strict,
        comment=comment.text,
    )


def _arguments(signature: _Signature) -> tuple[Argument, ...]:
    reserved = _LIST_ARGUMENTS if signature.raw.returns_set else ()
    # Arguments that have names come before the unnamed, which get one by their place.
    keys = [(argument.name, f"{place:03}") for place, argument in enumerate(signature.inputs, 1)]
    given = Namespace(reserved).assign(
        [Candidate(key, ((naming.camel(key[0] or f"arg{int(key[1])}"),),)) for key in keys]
    )
    return tuple(
        [
            Argument(argument.name, given[key][0], pg_type, argument.has_default)
            for key, argument, pg_type in zip(keys, signature.inputs, signature.input_types, strict=True)
        ]
    )


def _record(signature: _Signature, api_name: str, namespace: Namespace) -> PgType:
    """The anonymous row of OUT arguments or RETURNS TABLE, as a composite type of its own."""
    owner = naming.pascal(naming.words(signature.row_of)) if signature.row_of else ""
    wish = owner + naming.pascal(naming.words(api_name)) + "Result"
    given = namespace.assign([Candidate(signature.key, ((wish,),), type_claims)])
    return PgType(TypeKind.COMPOSITE, _RECORD, given[signature.key][0], attributes=build_attributes(signature.outputs))
