"""Exports over the API: files that the import can read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.exporting.files import CONTENT_TYPES
from catalog.exporting.items import export_items
from catalog.http.serializers import StrictSerializer
from catalog.http.views import ApiView
from catalog.models import ApiKey

FILES = {
    (200, CONTENT_TYPES["ndjson"]): OpenApiTypes.BINARY,
    (200, CONTENT_TYPES["csv"]): OpenApiTypes.BINARY,
    (200, CONTENT_TYPES["json"]): {"type": "array", "items": {"type": "object", "additionalProperties": {}}},
}


class ExportParameters(StrictSerializer):
    format = serializers.ChoiceField(choices=list(CONTENT_TYPES), default="ndjson")


class ExportView(ApiView):
    """Sends `pieces` as a file called `name`, as they are produced."""

    query_class = ExportParameters
    name: ClassVar[str]

    def pieces(self, file_format: str) -> Iterator[bytes]:
        raise NotImplementedError

    def respond(self) -> StreamingHttpResponse:
        file_format = self.query["format"]
        response = StreamingHttpResponse(self.pieces(file_format), content_type=CONTENT_TYPES[file_format])
        response["Content-Disposition"] = f'attachment; filename="{self.name}.{file_format}"'
        return response


class ExportItemsView(ExportView):
    """All items, including unpublished ones."""

    read_scope = ApiKey.Scope.WRITE
    name = "items"

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_items(file_format)

    @extend_schema(operation_id="export_items", parameters=[ExportParameters], responses=FILES)
    def get(self, request: Request) -> StreamingHttpResponse:
        return self.respond()
