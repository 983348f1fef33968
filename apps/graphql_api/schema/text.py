"""Coerced input objects to the one text that Postgres reads: ranges and composites.

In: the coerced fields of an input object. Out: Postgres' text input form.
Source: PostgreSQL manual, 8.16.6 (composite types) and 8.17.5 (ranges).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kapok.model.types import Attribute, TypeKind
from kapok.query.encoding import encode_array, encode_text


def range_text(fields: Mapping[str, Any]) -> str:
    """`["2024-01-01","2024-02-01")`. fields: lower, upper (null or absent: no bound), their flags, isEmpty."""
    if fields.get("isEmpty"):
        return "empty"
    lower, upper = fields.get("lower"), fields.get("upper")
    opening = "[" if fields.get("lowerInclusive") in (True, None) else "("
    closing = "]" if fields.get("upperInclusive") else ")"
    return f"{opening}{_quoted(lower)},{_quoted(upper)}{closing}"


def record_text(attributes: Sequence[Attribute], fields: Mapping[str, Any]) -> str:
    """`("Main Street","8000")`. An attribute that is absent is null."""
    values = [(attribute, fields.get(attribute.api_name)) for attribute in attributes]
    return "(" + ",".join([_quoted(attribute_value(attribute, value)) for attribute, value in values]) + ")"


def attribute_value(attribute: Attribute, value: Any) -> Any:
    """An attribute's value, with a list as the text of an array or multirange."""
    if not isinstance(value, list):
        return value
    if attribute.type.kind is TypeKind.MULTIRANGE:
        return "{" + ",".join(value) + "}"
    return encode_array(value).decode()


def _quoted(value: Any) -> str:
    if value is None:
        return ""
    text = encode_text(value).decode()
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
