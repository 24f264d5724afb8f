"""How the OpenAPI document describes our own classes. Imported when the app is ready."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from catalog.http.openai import PREFIX
from catalog.http.problems import CONTENT_TYPE
from catalog.http.serializers import StrictSerializer
from catalog.models import ApiKey


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Empty if no single field is at fault.")
    code = serializers.CharField()
    detail = serializers.CharField()
    position = serializers.IntegerField(required=False, help_text="Where a filter is wrong, in characters from 0.")
    expected = serializers.CharField(required=False, help_text="What a filter should have at that position.")


class ErrorSerializer(serializers.Serializer[Any]):
    """A problem (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]


class OpenAIErrorDetailSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    code = serializers.CharField()


class OpenAIErrorSerializer(serializers.Serializer[Any]):
    error = OpenAIErrorDetailSerializer()


class ApiSchema(AutoSchema):
    """Describes what our views do differently from DRF's own.

    All errors have one format, unknown fields are refused, some operations need no credentials, and PATCH accepts
    partial bodies only where it says so.
    """

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        is_openai = self.path.startswith(PREFIX)
        error = OpenApiResponse(OpenAIErrorSerializer if is_openai else ErrorSerializer, description="Any error.")
        media_type = "application/json" if is_openai else CONTENT_TYPE
        described = self._get_response_for_code(error, "default", [media_type], direction)  # type: ignore[no-untyped-call]
        return bodies | {"default": described}

    def get_auth(self) -> list[dict[str, Any]]:
        reads = self.method in SAFE_METHODS or getattr(self.view, "reads_only", False)
        scope = getattr(self.view, "read_scope" if self.method in SAFE_METHODS else "write_scope", ApiKey.Scope.ADMIN)
        is_open = settings.ANONYMOUS_API_READ and reads and scope == ApiKey.Scope.SEARCH
        return [*super().get_auth(), *([{}] if is_open else [])]

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        method = self.method
        if method == "PATCH" and not getattr(serializer, "partial", False):
            self.method = "PUT"  # otherwise every field would be optional
        try:
            return super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        own = force_instance(serializer)  # type: ignore[no-untyped-call]
        schema: dict[str, Any] = super()._map_basic_serializer(own, direction)  # type: ignore[no-untyped-call]
        if not type(own).__doc__:
            schema.pop("description", None)  # that of a base class
        if own.partial:
            for field in schema["properties"].values():
                field.pop("default", None)
        is_strict = direction == "request" and isinstance(own, StrictSerializer)
        return schema | ({"additionalProperties": False} if is_strict else {})


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "catalog.http.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class SiteSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "catalog.http.authentication.SessionAuthentication"


class CursorShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "catalog.http.pages.CursorField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document. Built once per process: it inspects every view."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
