"""The OpenAPI description of /auth/v1. In: the addresses. Out: the same JSON for every tenant, made once."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.settings import patched_settings

#: What differs from the control API's description.
_SETTINGS = {
    "TITLE": "Kapok end users",
    "DESCRIPTION": "Sign-up, sign-in and accounts of one tenant's users. See docs/auth.md.",
    "SCHEMA_PATH_PREFIX": r"/auth/v1",
    "ENUM_NAME_OVERRIDES": {},
}


def openapi(request: HttpRequest) -> HttpResponse:
    """GET /auth/v1/openapi.json."""
    return HttpResponse(_document(), content_type="application/json")


@cache
def _document() -> bytes:
    with patched_settings(_SETTINGS):
        schema = SchemaGenerator(urlconf="apps.identity.api.urls").get_schema(public=True)
        document: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return document
