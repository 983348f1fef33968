"""Pass: the catalog's types to `PgType`s, one shared instance a type, with their GraphQL names.

In: the catalog and the namespace of type names (tables first). Out: PgType by database name; pseudo-types have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kapok.catalog.types import Catalog, RawType, RawTypeKind
from kapok.identifiers import QualifiedName
from kapok.model import naming
from kapok.model.directives import read_comment
from kapok.model.namespace import Candidate, Name, Namespace
from kapok.model.scalars import RANGES, scalar_of
from kapok.model.types import Attribute, EnumValue, PgType, TypeKind

Types = Mapping[QualifiedName, PgType]

_KINDS = {
    RawTypeKind.BASE: TypeKind.SCALAR,
    RawTypeKind.ARRAY: TypeKind.ARRAY,
    RawTypeKind.COMPOSITE: TypeKind.COMPOSITE,
    RawTypeKind.DOMAIN: TypeKind.DOMAIN,
    RawTypeKind.ENUM: TypeKind.ENUM,
    RawTypeKind.MULTIRANGE: TypeKind.MULTIRANGE,
    RawTypeKind.RANGE: TypeKind.RANGE,
}
#: Kinds with a GraphQL type of their own; earlier ones get their names first.
_NAMED = (RawTypeKind.ENUM, RawTypeKind.COMPOSITE, RawTypeKind.RANGE)


def type_claims(name: Name) -> frozenset[str]:
    """The GraphQL types that stand for one enum, composite or range."""
    return frozenset([f"type {name[0]}{suffix}" for suffix in ("", "Input", "Filter", "ListFilter")])


def build_types(catalog: Catalog, namespace: Namespace) -> Types:
    """Every type of the catalog."""
    names = _type_names(catalog, namespace)
    raw = {item.name: item for item in catalog.types if item.kind is not RawTypeKind.PSEUDO}
    built: dict[QualifiedName, PgType] = {}
    for name in raw:
        _build(name, raw, names, built)
    return built


def _type_names(catalog: Catalog, namespace: Namespace) -> dict[QualifiedName, str]:
    named: dict[QualifiedName, str] = {}
    for kind in _NAMED:
        of_kind = {_key(item.name): item for item in catalog.types if item.kind is kind}
        given = namespace.assign([_candidate(key, item) for key, item in of_kind.items()])
        named |= {of_kind[key].name: name for key, (name,) in given.items()}
    return named


def _key(name: QualifiedName) -> tuple[str, ...]:
    # Of one name the schema's own type before those of other schemas.
    return (name.name, name.schema or "")


def _candidate(key: tuple[str, ...], item: RawType) -> Candidate:
    chosen = read_comment(item.comment).argument("name")
    if item.row:
        # The table's type has the plain name; its row as a value is another GraphQL type.
        wish = naming.pascal((*naming.singular(item.name.name), "row"))
    elif chosen:
        wish = naming.pascal(chosen)
    else:
        wish = RANGES.get(item.name.name) or naming.pascal(item.name.name)
    return Candidate(key, ((wish,),), type_claims, explicit=chosen is not None and not item.row)


def _build(
    name: QualifiedName,
    raw: Mapping[QualifiedName, RawType],
    names: Mapping[QualifiedName, str],
    built: dict[QualifiedName, PgType],
) -> PgType:
    """Build a type and what it is made of (Postgres allows no cycles)."""
    if name in built:
        return built[name]
    item = raw[name]
    element = None if item.element is None else _build(item.element, raw, names, built)
    parts = build_attributes(tuple([(part.name, _build(part.type, raw, names, built)) for part in item.attributes]))
    comment = read_comment(item.comment)
    subtype = element.element if element and item.kind is RawTypeKind.MULTIRANGE else element
    built[name] = PgType(
        kind=_KINDS[item.kind],
        name=name,
        scalar=names.get(name) or (element.scalar if element else scalar_of(name)),
        element=subtype,
        values=_enum_values(item.labels, comment.tags.get("value", ())),
        attributes=tuple(
            [replace(made, hidden=part.hidden) for made, part in zip(parts, item.attributes, strict=True)]
        ),
        comment=comment.text,
        not_null=item.not_null or (item.kind is RawTypeKind.DOMAIN and element is not None and element.not_null),
        row=item.row,
    )
    return built[name]


def build_attributes(parts: tuple[tuple[str, PgType], ...]) -> tuple[Attribute, ...]:
    """Attributes of a composite type from their database names and types, in order."""
    given = Namespace().assign([Candidate((name,), ((naming.camel(name),),)) for name, _ in parts])
    return tuple([Attribute(name, given[name,][0], pg_type) for name, pg_type in parts])


def _enum_values(labels: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[EnumValue, ...]:
    """chosen: the arguments of @value, `NAME the label`."""
    own_names = {label: name for name, _, label in [argument.partition(" ") for argument in chosen]}
    given = Namespace().assign(
        [
            Candidate((label,), ((naming.upper(own_names.get(label) or label),),), explicit=label in own_names)
            for label in labels
        ]
    )
    return tuple([EnumValue(label, given[label,][0]) for label in labels])
