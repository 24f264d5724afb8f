"""The API of the export of what people did."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from catalog.api.export import FILES, ExportParameters, ExportView
from recommender.exporting import export_interactions


class ExportInteractionsView(ExportView):
    """What all people with an account did, for administrators."""

    name = "interactions"

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_interactions(file_format)

    @extend_schema(operation_id="export_interactions", parameters=[ExportParameters], responses=FILES)
    def get(self, request: Request) -> StreamingHttpResponse:
        return self.respond()
