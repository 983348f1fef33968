"""What every view of the control API has: JSON in and out, authentication, our errors, and the envelope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.control.api.authentication import AdminSessionAuthentication, TokenAuthentication
from apps.control.api.errors import exception_handler
from apps.control.api.strict import refuse_unknown

S = TypeVar("S", bound=serializers.Serializer[Any])


class ControlView(APIView):
    """A view that nobody gets into without credentials; each method then asks apps.tenants.access."""

    authentication_classes: ClassVar[Any] = [TokenAuthentication, AdminSessionAuthentication]
    permission_classes: ClassVar[Any] = [IsAuthenticated]
    parser_classes: ClassVar[Any] = [JSONParser]
    renderer_classes: ClassVar[Any] = [JSONRenderer]
    throttle_classes: ClassVar[Any] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large before reading it, and names the method does not know before it does anything.

        Raises RequestDataTooBig, which becomes DOCUMENT_TOO_LARGE, and ValidationError.
        """
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        asked = getattr(getattr(self, str(request.method).lower(), None), "asked", None)
        if asked is not None:
            refuse_unknown(asked, request)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        """Ours, whatever the settings say."""
        return exception_handler


def acting(request: Request) -> User:
    """The user a view acts for; views are only entered with one."""
    assert isinstance(request.user, User)
    return request.user


def parsed(serializer: type[S], data: Any, **context: Any) -> dict[str, Any]:
    """The validated input. Raises ValidationError."""
    instance = serializer(data=data, context=context)
    instance.is_valid(raise_exception=True)
    validated: dict[str, Any] = instance.validated_data
    return validated


def answer(data: Any, status: int = 200) -> Response:
    """`{"data": ...}`."""
    return Response({"data": data}, status=status)
