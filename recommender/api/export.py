"""The API for files of what people did and of what they are recommended."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.export import FILES, ExportParameters, ExportView
from recommender.exporting import export_interactions
from recommender.mailings import export_lists
from recommender.serving.scenarios import SCENARIOS


class ExportInteractionsView(ExportView):
    """The interactions of everybody with an account, for administrators."""

    name = "interactions"

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_interactions(file_format)

    @extend_schema(operation_id="export_interactions", parameters=[ExportParameters], responses=FILES)
    def get(self, request: Request) -> StreamingHttpResponse:
        return self.respond()


class ListsParameters(ExportParameters):
    scenario = serializers.ChoiceField(
        default="email",
        choices=list(SCENARIOS),
        help_text="What the lists are for, which determines how they are made.",
    )


class ExportListsView(ExportView):
    """The lists of everybody with an account, a history and personalisation turned on, for administrators."""

    name = "recommendations"
    query_class = ListsParameters

    def pieces(self, file_format: str) -> Iterator[bytes]:
        site_url = settings.SITE_URL or self.request.build_absolute_uri("/").rstrip("/")
        return export_lists(file_format, scenario=self.query["scenario"], site_url=site_url)

    @extend_schema(operation_id="export_recommendations", parameters=[ListsParameters], responses=FILES)
    def get(self, request: Request) -> StreamingHttpResponse:
        return self.respond()
