"""The OpenAPI document of the API."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpResponse
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.http.openapi import document
from catalog.http.renderers import FastJSONRenderer
from catalog.http.serializers import StrictSerializer
from catalog.http.views import ApiView

WRITERS = {"yaml": OpenApiYamlRenderer, "json": OpenApiJsonRenderer}


class _Yaml(FastJSONRenderer):
    """Lets callers ask for YAML; errors are still JSON."""

    media_type, format = OpenApiYamlRenderer.media_type, "yaml"


class _PlainYaml(_Yaml):
    media_type = "application/yaml"


class _Json(FastJSONRenderer):
    media_type = OpenApiJsonRenderer.media_type


class SchemaParameters(StrictSerializer):
    format = serializers.ChoiceField(choices=list(WRITERS), required=False)


class SchemaView(ApiView):
    """The document as YAML, or as JSON if asked for by `format` or the Accept header. For everybody."""

    query_class = SchemaParameters
    permission_classes = []
    renderer_classes = [_Yaml, _PlainYaml, _Json, FastJSONRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        file_format = self.query.get("format", request.accepted_renderer.format)
        response = HttpResponse(_written(file_format), content_type=WRITERS[file_format].media_type)
        response["Content-Disposition"] = f'inline; filename="openapi.{file_format}"'
        return response


@lru_cache(maxsize=len(WRITERS))
def _written(file_format: str) -> str | bytes:
    return WRITERS[file_format]().render(document(), renderer_context={})
