"""Lists: search, filter, sort and pages.

In: a request and a queryset of what the caller may see. Out: `{"data": {<name>: [...], "pagination": {...}}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import answer, parsed

MAX_PAGE_SIZE = 200


class ListQuery(serializers.Serializer[Any]):
    """The parameters of every list. sort: a field's name, `-name` for the reverse."""

    search = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    sort = serializers.CharField(required=False, default="", allow_blank=True, max_length=50)
    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=1_000_000)
    pageSize = serializers.IntegerField(required=False, default=50, min_value=1, max_value=MAX_PAGE_SIZE)


def listing(
    request: Request,
    queryset: QuerySet[Any],
    name: str,
    represent: Callable[[Sequence[Any]], list[dict[str, Any]]],
    *,
    search: Sequence[str] = (),
    sort: Mapping[str, str],
    default_sort: str,
) -> Response:
    """One page. search: the columns `search` looks into. sort: API name -> column. represent: rows -> JSON."""
    query = parsed(ListQuery, request.query_params)
    if query["search"]:
        matches = Q()
        for column in search:
            matches |= Q(**{f"{column}__icontains": query["search"]})
        queryset = queryset.filter(matches)
    queryset = queryset.order_by(_order(query["sort"] or default_sort, sort), "pk")
    page, size = query["page"], query["pageSize"]
    total = queryset.count()
    rows: list[Model] = list(queryset[(page - 1) * size : page * size])
    pagination = {"total": total, "page": page, "pageSize": size, "hasNext": page * size < total}
    return answer({name: represent(rows), "pagination": pagination})


def _order(wanted: str, known: Mapping[str, str]) -> str:
    column = known.get(wanted.removeprefix("-"))
    if column is None:
        raise serializers.ValidationError({"sort": [f"Sort by one of {', '.join(known)}, or -name for the reverse."]})
    return f"-{column}" if wanted.startswith("-") else column
