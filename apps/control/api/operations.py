"""/operations: long work, to poll or to follow as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.errors import as_kapok_error, error_response
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.control.api.output import OperationSerializer
from apps.control.api.who import user_of
from apps.tenants.access import Right, get_operation_for, operations_for
from apps.tenants.models import Operation, OperationKind, OperationState
from apps.tenants.services import do_retry_operation

SORT = {"createdAt": "created_at", "state": "state", "kind": "kind"}
#: How often a stream looks for news, and how long it goes on, in seconds; the client then comes again.
LOOK_EVERY = 0.2
STREAM_SECONDS = 30.0
#: A comment after so many seconds of silence keeps proxies from closing the connection.
SILENCE_SECONDS = 10.0


class OperationFilters(serializers.Serializer[Any]):
    """Which operations to list."""

    project = serializers.CharField(required=False, max_length=200)
    tenant = serializers.CharField(required=False, max_length=200)
    kind = serializers.ChoiceField(required=False, choices=OperationKind.values)
    state = serializers.ChoiceField(required=False, choices=OperationState.values)


class OperationsView(ControlView):
    """All operations the caller may see."""

    @describe("List operations", answers=OperationSerializer, named="operations", filters=OperationFilters)
    def get(self, request: Request) -> Response:
        """A page of operations, newest first."""
        filters = parsed(OperationFilters, request.query_params)
        columns = {"project": "project__slug", "tenant": "tenant__slug", "kind": "kind", "state": "state"}
        operations = operations_for(acting(request)).select_related("tenant", "project")
        return listing(
            request,
            operations.filter(**{columns[name]: value for name, value in filters.items()}),
            "operations",
            _represent,
            search=("tenant__slug", "project__slug", "kind"),
            sort=SORT,
            default_sort="-createdAt",
        )


class OperationView(ControlView):
    """One operation."""

    @describe("Show an operation", answers=OperationSerializer)
    def get(self, request: Request, operation_id: uuid.UUID) -> Response:
        """How far it is."""
        return answer(OperationSerializer(get_operation_for(acting(request), operation_id)).data)


class OperationRetryView(ControlView):
    """Trying again."""

    @describe("Retry an operation", answers=OperationSerializer, status=202)
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """From its first step."""
        operation = get_operation_for(acting(request), operation_id, Right.MANAGE)
        return answer(OperationSerializer(do_retry_operation(operation, acting=acting(request))).data, status=202)


async def operation_events(request: HttpRequest, operation_id: uuid.UUID) -> HttpResponseBase:
    """A `data:` line with the operation whenever it has changed, until it ends or STREAM_SECONDS have passed.

    Not a DRF view: those cannot stream asynchronously. Credentials and rights are the same.
    """
    try:
        user = await sync_to_async(user_of)(request)
        shown = await sync_to_async(_shown)(user, operation_id)
    except Exception as exc:  # whatever it is, it becomes the envelope
        return error_response(as_kapok_error(exc))
    response = StreamingHttpResponse(_stream(user, operation_id, shown), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _stream(user: Any, operation_id: uuid.UUID, shown: dict[str, Any]) -> AsyncIterator[bytes]:
    end = time.monotonic() + STREAM_SECONDS
    yield _event(shown)
    spoke = time.monotonic()
    while not _is_final(shown) and time.monotonic() < end:
        await asyncio.sleep(LOOK_EVERY)
        latest = await sync_to_async(_shown)(user, operation_id)
        if latest != shown:
            shown, spoke = latest, time.monotonic()
            yield _event(shown)
        elif time.monotonic() - spoke > SILENCE_SECONDS:
            spoke = time.monotonic()
            yield b": still at it\n\n"


def _shown(user: Any, operation_id: uuid.UUID) -> dict[str, Any]:
    """The operation as JSON; asked for with the user's rights every time, so that losing them ends the stream."""
    return dict(OperationSerializer(get_operation_for(user, operation_id)).data)


def _is_final(shown: dict[str, Any]) -> bool:
    return shown["state"] not in (OperationState.QUEUED, OperationState.RUNNING)


def _event(shown: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(shown, cls=JSONEncoder, separators=(',', ':'))}\n\n".encode()


def _represent(operations: Sequence[Operation]) -> list[dict[str, Any]]:
    return list(OperationSerializer(operations, many=True).data)
