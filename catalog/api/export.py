"""The API of the export of all items."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.exporting import CONTENT_TYPES, export_items
from catalog.http.serializers import StrictSerializer
from catalog.http.views import ApiView
from catalog.models import ApiKey


class ExportParameters(StrictSerializer):
    format = serializers.ChoiceField(choices=list(CONTENT_TYPES), default="ndjson")


class ExportItemsView(ApiView):
    """All items, unpublished ones included, as a file that the import reads again."""

    read_scope = ApiKey.Scope.WRITE
    query_class = ExportParameters

    @extend_schema(
        operation_id="export_items",
        parameters=[ExportParameters],
        responses={(200, content_type): OpenApiTypes.BINARY for content_type in CONTENT_TYPES.values()},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        file_format = self.query["format"]
        response = StreamingHttpResponse(export_items(file_format), content_type=CONTENT_TYPES[file_format])
        response["Content-Disposition"] = f'attachment; filename="items.{file_format}"'
        return response
