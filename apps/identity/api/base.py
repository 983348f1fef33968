"""What every view of /auth/v1 has: JSON in and out, strict input, our errors, and who calls.

In: a request with `tenant` set, inside tenant_context (see handler.py). Out: a response.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import ProgrammingError
from drf_spectacular.utils import extend_schema
from psycopg.errors import UndefinedTable
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.identity.api.authentication import AccessTokenAuthentication, Presented
from apps.identity.context import Origin
from apps.identity.metadata import MAX_METADATA, metadata_problem
from apps.identity.models import Session, User
from apps.tenants.models import Tenant
from apps.tenants.rest_errors import answer_to, as_kapok_error
from kapok.errors import KapokError


class SignedIn(BasePermission):
    """Only with an access token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """DRF's hook."""
        return isinstance(request.auth, Presented)


class AuthView(APIView):
    """A view for everybody."""

    authentication_classes: ClassVar[Any] = []
    permission_classes: ClassVar[Any] = []
    parser_classes: ClassVar[Any] = [JSONParser]
    renderer_classes: ClassVar[Any] = [JSONRenderer]
    throttle_classes: ClassVar[Any] = []

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        """Ours, whatever the settings say."""
        return _exception_handler


class SignedInView(AuthView):
    """A view for users who are signed in."""

    authentication_classes: ClassVar[Any] = [AccessTokenAuthentication]
    permission_classes: ClassVar[Any] = [SignedIn]


class StrictInput(serializers.Serializer[Any]):
    """Refuses fields it does not know: a caller who sends `roles` learns that they count for nothing."""

    def to_internal_value(self, data: Any) -> Any:
        """The values. Raises ValidationError."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({str(unknown[0])[:100]: ["This field cannot be set here."]})
        return super().to_internal_value(data)


class MetadataField(serializers.DictField):
    """What a user says of himself: a JSON object that PostgreSQL can hold."""

    def to_internal_value(self, data: Any) -> Any:
        """The object. Raises ValidationError."""
        value = super().to_internal_value(data)
        problem = metadata_problem(value, MAX_METADATA)
        if problem is not None:
            raise serializers.ValidationError(problem)
        return value


def parsed(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated input. Raises ValidationError."""
    instance = serializer(data=request.data)
    instance.is_valid(raise_exception=True)
    validated: dict[str, Any] = instance.validated_data
    return validated


def tenant_of(request: Request) -> Tenant:
    """The tenant the request is addressed to."""
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    return tenant


def caller(request: Request) -> tuple[User, Session]:
    """Who is signed in; only on a SignedInView."""
    assert isinstance(request.auth, Presented)
    return request.auth.session.user, request.auth.session


def roles_said(request: Request) -> tuple[str, ...]:
    """The roles the caller's access token says; only on a SignedInView."""
    assert isinstance(request.auth, Presented)
    return request.auth.roles


def origin_of(request: Request) -> Origin:
    """Where the request came from."""
    return Origin(str(request.META.get("REMOTE_ADDR", "")), str(request.META.get("HTTP_USER_AGENT", "")))


def describe(summary: str, *, takes: Any = None, answers: Any = None, status: int = 200) -> Callable[[Any], Any]:
    """What OpenAPI says of a method."""
    errors = dict.fromkeys((400, 401, 403, 409, 422, 429, 503), ErrorOutput)
    return extend_schema(summary=summary, request=takes, responses={status: answers, **errors})


class ErrorDetail(serializers.Serializer[Any]):
    """What went wrong; `code` is stable."""

    code = serializers.CharField()
    number = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField()
    hint = serializers.CharField(allow_blank=True)
    requestId = serializers.CharField()


class ErrorOutput(serializers.Serializer[Any]):
    """Every refusal."""

    error = ErrorDetail()


def _exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    if isinstance(exc, ProgrammingError) and isinstance(exc.__cause__, UndefinedTable):
        return answer_to(exc, KapokError("TENANT_NOT_READY", "This tenant's accounts are being set up."))
    return answer_to(exc, as_kapok_error(exc))
