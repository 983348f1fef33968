"""JSON values to JSON text, as Postgres reads it.

In: what a JSON reader gives, or a literal of a document. Out: `JsonText`, or a GraphQLError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)


class JsonText(str):
    """JSON text, so that a JSON variable within a JSON literal is not taken for a string."""

    __slots__ = ()


def json_text(value: Any) -> JsonText:
    """JSON text of a value. Raises GraphQLError where Postgres could not hold it."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = _beyond_orjson(value)
    if "\\u0000" in text:
        _refuse_nul(text)
    return JsonText(text)


def _beyond_orjson(value: Any) -> str:
    """orjson refuses whole numbers beyond 64 bits, lone surrogates and deep nesting; only the first are JSON's own."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode().decode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise GraphQLError("Not a JSON value, or nested too deeply.") from exc


def _refuse_nul(text: str) -> None:
    # An escaped backslash before u0000 is no NUL: look at what is left without the escaped backslashes.
    if "\\u0000" in text.replace("\\\\", ""):
        raise GraphQLError("A JSON string holds the character NUL, which Postgres cannot store.")


def json_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> JsonText:
    """JSON text of a literal. Numbers keep all of their digits; an enum value becomes a string."""
    return json_text(_plain(node, variables or {}))


def _plain(node: ValueNode, variables: Mapping[str, Any]) -> Any:
    match node:
        case NullValueNode():
            return None
        case IntValueNode() | FloatValueNode():
            return orjson.Fragment(node.value)
        case StringValueNode() | BooleanValueNode() | EnumValueNode():
            return node.value
        case ListValueNode():
            return [_plain(item, variables) for item in node.values]
        case ObjectValueNode():
            return {
                entry.name.value: _plain(entry.value, variables)
                for entry in node.fields
                if not (isinstance(entry.value, VariableNode) and entry.value.name.value not in variables)
            }
        case VariableNode():
            value = variables.get(node.name.value)
            return orjson.Fragment(value.encode()) if isinstance(value, JsonText) else value
    raise GraphQLError("Not a JSON value.", node)
