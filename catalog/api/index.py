"""The API of index versions: the progress of each, and which of them serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.audit import record_request
from catalog.http.pages import PageParameters, page
from catalog.http.problems import Conflict
from catalog.http.serializers import StrictSerializer
from catalog.http.views import ApiView
from catalog.index.progress import failures, index_progress
from catalog.index.reindex import retry_failed
from catalog.index.versions import activate, retire
from catalog.models import EmbeddingState, IndexVersion


class VersionSerializer(serializers.ModelSerializer):
    class Meta:
        model = IndexVersion
        fields = [
            "id",
            "state",
            "backend",
            "model",
            "revision",
            "dimensions",
            "query_prompt",
            "document_prompt",
            "max_tokens",
            "document_template",
            "window_tokens",
            "overlap_tokens",
            "storage",
            "ef_search",
            "recall_at_10",
            "relevance_cutoff",
            "created_at",
            "activated_at",
        ]
        read_only_fields = fields


class ProgressSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Published items.")
    done = serializers.IntegerField()
    pending = serializers.IntegerField()
    leased = serializers.IntegerField(help_text="Being embedded now.")
    failed = serializers.IntegerField()
    coverage = serializers.FloatField(help_text="Share of items that have their vectors, 0 to 1.")
    items_per_s = serializers.FloatField(help_text="Over the last minute.")
    eta_s = serializers.FloatField(allow_null=True)


class VersionDetailSerializer(VersionSerializer):
    progress = ProgressSerializer()

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "progress"]
        read_only_fields = fields


class VersionPageSerializer(serializers.Serializer[Any]):
    results = VersionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class FailureSerializer(serializers.Serializer[Any]):
    version_id = serializers.IntegerField()
    item_id = serializers.IntegerField()
    title = serializers.CharField()
    part = serializers.ChoiceField(
        choices=["text", "picture"], help_text="The part of the item that could not be embedded."
    )
    error = serializers.CharField()
    attempts = serializers.IntegerField()
    at = serializers.DateTimeField()


class FailuresSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    failures = FailureSerializer(many=True, help_text="The latest failures.")


class FailuresParameters(StrictSerializer):
    limit = serializers.IntegerField(default=20, min_value=1, max_value=100)


class RetriedSerializer(serializers.Serializer[Any]):
    retried = serializers.IntegerField()


def version_detail(version: IndexVersion) -> dict[str, Any]:
    progress = index_progress(version)
    counted = {**asdict(progress), "coverage": progress.coverage, "eta_s": progress.eta_s}
    return {**VersionSerializer(version).data, "progress": counted}


class VersionsView(ApiView):
    """Every index version, newest first."""

    query_class = PageParameters

    @extend_schema(operation_id="list_index_versions", parameters=[PageParameters], responses=VersionPageSerializer)
    def get(self, request: Request) -> Response:
        versions = IndexVersion.objects.all()
        return Response(page(versions, lambda row: VersionSerializer(row).data, **self.query, newest_first=True))


class VersionView(ApiView):
    """One index version with its progress."""

    @extend_schema(operation_id="read_index_version", responses=VersionDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(version_detail(get_object_or_404(IndexVersion, pk=pk)))


class ActivateView(ApiView):
    """Makes searches read from a version that is ready, whether newer or older than the current one."""

    @extend_schema(operation_id="activate_index_version", request=None, responses=VersionSerializer)
    def post(self, request: Request, pk: int) -> Response:
        version = get_object_or_404(IndexVersion, pk=pk)
        if version.state != IndexVersion.State.READY:
            raise Conflict(f"The version is {version.state}; only a ready version can be activated.")
        return switched(request, version, activate, "version.activate")


class RetireView(ApiView):
    """Gives up a version; its vectors are dropped."""

    @extend_schema(operation_id="retire_index_version", request=None, responses=VersionSerializer)
    def post(self, request: Request, pk: int) -> Response:
        version = get_object_or_404(IndexVersion, pk=pk)
        if not IndexVersion.objects.retirable().contains(version):
            raise Conflict("The version is serving searches, being built by a reindex, or already retired.")
        return switched(request, version, retire, "version.retire")


def switched(request: Request, version: IndexVersion, change: Callable[[IndexVersion], None], action: str) -> Response:
    try:
        change(version)
    except ValueError as error:  # somebody else was faster
        raise Conflict(str(error)) from error
    record_request(request, action, version)
    return Response(VersionSerializer(version).data)


class FailuresView(ApiView):
    """Items that could not be embedded for a version, or whose picture could not, and why."""

    query_class = FailuresParameters

    @extend_schema(operation_id="list_failures", parameters=[FailuresParameters], responses=FailuresSerializer)
    def get(self, request: Request, pk: int) -> Response:
        version = get_object_or_404(IndexVersion, pk=pk)
        found = failures([version], limit=self.query["limit"])
        total = EmbeddingState.objects.failed_in([version]).count()
        return Response({"total": total, "failures": [asdict(failure) for failure in found]})


class RetryView(ApiView):
    """Retries a version's failed items and pictures."""

    @extend_schema(operation_id="retry_failures", request=None, responses=RetriedSerializer)
    def post(self, request: Request, pk: int) -> Response:
        version = get_object_or_404(IndexVersion.objects.kept_up(), pk=pk)
        count = retry_failed(version)
        record_request(request, "embedding.retry", version, items=count)
        return Response({"retried": count})
