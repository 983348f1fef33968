"""Names that mean nothing to a method are refused: a typo must not be taken for a wish that was heard.

In: what a method asks for (set by `describe`), and a request. Out: nothing, or a ValidationError that names the name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

#: So much of an unknown name is repeated to whoever sent it.
MAX_NAME = 100


@dataclass(frozen=True)
class Asked:
    """Serializers of a method's body (None: it takes none) and of its query."""

    body: type[serializers.Serializer[Any]] | None
    query: tuple[type[serializers.Serializer[Any]], ...]


def refuse_unknown(asked: Asked, request: Request) -> None:
    """Raises ValidationError for a parameter of the query or a field of the body that the method does not know."""
    parameters = [name for query in asked.query for name in query().fields]
    problems = _unknown(request.query_params, parameters, "parameter")
    if not problems and request.method not in ("GET", "HEAD"):
        problems = _unknown_below(request.data, (asked.body or serializers.Serializer)())
    if problems:
        raise serializers.ValidationError(problems)


def _unknown_below(data: Any, field: Any) -> Any:
    """The problems of objects at any depth; what should be an object and is none is for the serializer to refuse."""
    if isinstance(field, serializers.ListSerializer):
        items = [_unknown_below(item, field.child) for item in data] if isinstance(data, list) else []
        return items if any(items) else []
    if not isinstance(field, serializers.Serializer) or not isinstance(data, dict):
        return {}
    below = {name: _unknown_below(data[name], known) for name, known in field.fields.items() if name in data}
    return _unknown(data, field.fields, "field") | {name: problems for name, problems in below.items() if problems}


def _unknown(given: Iterable[str], known: Collection[str], what: str) -> dict[str, list[str]]:
    sentence = f"known are {', '.join(known)}." if known else "this takes none."
    return {str(name)[:MAX_NAME]: [f"There is no such {what}; {sentence}"] for name in given if name not in known}
