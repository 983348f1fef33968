"""How OpenAPI describes the envelope.

In: serializers of what a method takes and of what stands in `data`. Out: serializers for drf-spectacular, and the
method's `asked`; nothing here runs in a request.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from apps.control.api.listing import ListQuery
from apps.control.api.strict import Asked

F = TypeVar("F", bound=Callable[..., Any])

_SMALL_WORDS = frozenset({"a", "an", "the", "all", "and", "its", "is", "as", "s", "your", "data"})
_COMPONENTS: dict[str, serializers.Serializer[Any]] = {}


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong; `code` and `number` are stable."""

    code = serializers.CharField()
    number = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField()
    hint = serializers.CharField()
    requestId = serializers.CharField()


class ErrorEnvelope(serializers.Serializer[Any]):
    """The body of every answer that is not 2xx."""

    error = ErrorSerializer()


class PaginationSerializer(serializers.Serializer[Any]):
    """Where a page lies in its list."""

    total = serializers.IntegerField()
    page = serializers.IntegerField()
    pageSize = serializers.IntegerField()
    hasNext = serializers.BooleanField()


def describe(
    summary: str, *, answers: Any = None, named: str = "", status: int = 200, takes: Any = None, filters: Any = None
) -> Callable[[F], F]:
    """Describe one method of a view, which then refuses what is not among `takes` and `filters` (ControlView.initial).

    named: the list's name, where the answer is a page of `answers`.
    """
    parameters: list[Any] = [filters] if filters else []
    if named:
        parameters.append(ListQuery)
        body = _envelope(f"{_name(answers)}Page", _page(named, answers))
    else:
        body = _envelope(f"{_name(answers)}Envelope", answers) if answers else None
    responses = {status: body, "default": OpenApiResponse(ErrorEnvelope, "The error envelope.")}
    described: Callable[[F], F] = extend_schema(
        operation_id=_operation_id(summary),
        summary=summary,
        request=takes,
        responses=responses,
        parameters=parameters,
    )

    def decorate(method: F) -> F:
        method.asked = Asked(takes, tuple(parameters))  # type: ignore[attr-defined]
        return described(method)

    return decorate


def collection(named: str, serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """A list without pages: `{named: [...]}`."""
    return _inline(f"{_name(serializer)}List", {named: serializer(many=True)})


def _operation_id(summary: str) -> str:
    """`Show a tenant` is showTenant."""
    head, *tail = [word for word in re.findall("[a-z]+", summary.lower()) if word not in _SMALL_WORDS]
    return head + "".join(word.capitalize() for word in tail)


def _page(named: str, serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    fields = {named: serializer(many=True), "pagination": PaginationSerializer()}
    return _inline(f"{_name(serializer)}PageData", fields)


def _envelope(name: str, data: Any) -> serializers.Serializer[Any]:
    return _inline(name, {"data": data() if isinstance(data, type) else data})


def _inline(name: str, fields: dict[str, Any]) -> serializers.Serializer[Any]:
    """One component for a name, however many views use it."""
    if name not in _COMPONENTS:
        _COMPONENTS[name] = inline_serializer(name, fields)
    return _COMPONENTS[name]


def _name(serializer: Any) -> str:
    kind = serializer if isinstance(serializer, type) else type(serializer)
    return kind.__name__.removesuffix("Serializer")
