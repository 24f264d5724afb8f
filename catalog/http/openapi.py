"""How the OpenAPI document describes our own classes. Imported when the app is ready."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema


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
        return {"type": "string"}
