"""What is read of a composite, range or array value: the selection under a column. In: a field. Out: a `Shape`."""

from __future__ import annotations

from apps.graphql_api.compile.context import TYPENAME, Context, Selected
from kapok.model.types import PgType, TypeKind
from kapok.query.families import base_type
from kapok.query.plan import Field, Member, Shape, TypeName


def shape_of(context: Context, selected: Selected, type_: PgType) -> Shape:
    """The shape of a value of this type; None when it is no object (and no list of objects)."""
    base = base_type(type_)
    while base.kind is TypeKind.ARRAY and base.element is not None:
        base = base_type(base.element)
    if base.kind not in (TypeKind.COMPOSITE, TypeKind.RANGE, TypeKind.MULTIRANGE):
        return None
    members = {attribute.api_name: attribute for attribute in base.shown}
    fields: list[Field[Member | TypeName]] = []
    for inner in context.selected(selected):
        if inner.name == TYPENAME:
            fields.append(Field(inner.key, TypeName(selected.type_name)))
        elif base.kind is TypeKind.COMPOSITE:
            attribute = members[inner.name]
            shape = shape_of(context, inner, attribute.type)
            fields.append(Field(inner.key, Member(attribute.name, shape)))
        else:
            fields.append(Field(inner.key, Member(inner.name)))
    return tuple(fields)
