"""The API of reindex runs: start one, see its progress, pause, resume and cancel it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.audit import record_request
from catalog.api.index import VersionDetailSerializer, version_detail
from catalog.http.pages import PageParameters, page
from catalog.http.problems import Conflict
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.index.reindex import AlreadyReindexing, cancel_reindex, pause_reindex, resume_reindex, start_reindex
from catalog.index.version_settings import (
    MAX_DIMENSIONS,
    MAX_WINDOW_TOKENS,
    MIN_WINDOW_TOKENS,
    SettingsRefused,
    backend_choices,
    check_encoder,
    check_overlap,
    check_template,
)
from catalog.models import IndexVersion, ReindexRun

ACTIONS = {"pause": pause_reindex, "resume": resume_reindex, "cancel": cancel_reindex}


class StartBody(StrictSerializer):
    """The settings of the new version; omitted ones take their defaults."""

    backend = serializers.ChoiceField(
        required=False, choices=backend_choices(), help_text="The model's kind of encoder."
    )
    model = serializers.CharField(
        required=False,
        max_length=300,
        help_text="A sentence-transformers model or a path; the path of static vectors; an endpoint's model.",
    )
    revision = serializers.CharField(required=False, max_length=100)
    query_prompt = serializers.CharField(required=False, allow_blank=True, max_length=200, trim_whitespace=False)
    document_prompt = serializers.CharField(required=False, allow_blank=True, max_length=200, trim_whitespace=False)
    window_tokens = serializers.IntegerField(
        required=False, min_value=MIN_WINDOW_TOKENS, max_value=MAX_WINDOW_TOKENS, help_text="Tokens in a passage."
    )
    overlap_tokens = serializers.IntegerField(required=False, min_value=0, max_value=MAX_WINDOW_TOKENS // 2)
    document_template = serializers.CharField(required=False, max_length=4_000, help_text="How an item becomes text.")
    dimensions = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_DIMENSIONS,
        help_text="Keep this many leading dimensions; default: all.",
    )
    storage = serializers.ChoiceField(
        required=False,
        choices=IndexVersion.Storage.choices,
        help_text="What the graph stores: half-precision floats, or signs only.",
    )
    activate_when_ready = serializers.BooleanField(required=False, default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            if "model" in attrs or "backend" in attrs:
                check_encoder(
                    backend=attrs.get("backend", settings.ENCODER_BACKEND),
                    model=attrs.get("model", settings.ENCODER_MODEL),
                )
            if "document_template" in attrs:
                check_template(attrs["document_template"])
            if "overlap_tokens" in attrs:
                check_overlap(window_tokens=attrs.get("window_tokens"), overlap_tokens=attrs["overlap_tokens"])
        except SettingsRefused as error:
            raise serializers.ValidationError({error.field: str(error)}) from error
        return attrs


class RunSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReindexRun
        fields = [
            "id",
            "version",
            "state",
            "step",
            "activate_when_ready",
            "started_at",
            "finished_at",
            "message",
            "report",
        ]
        read_only_fields = fields


class RunDetailSerializer(RunSerializer):
    version = VersionDetailSerializer()


class RunPageSerializer(serializers.Serializer[Any]):
    results = RunSerializer(many=True)
    next = serializers.CharField(allow_null=True)


def describe_run(run: ReindexRun) -> dict[str, Any]:
    return {**RunSerializer(run).data, "version": version_detail(run.version)}


class RunsView(ApiView):
    """List reindex runs, newest first, or start one."""

    query_class = PageParameters

    @extend_schema(operation_id="list_reindex_runs", parameters=[PageParameters], responses=RunPageSerializer)
    def get(self, request: Request) -> Response:
        runs = ReindexRun.objects.all()
        return Response(page(runs, lambda row: RunSerializer(row).data, **self.query, newest_first=True))

    @extend_schema(operation_id="start_reindex", request=StartBody, responses={201: RunDetailSerializer})
    def post(self, request: Request) -> Response:
        """Start a reindex; 409 while another is unfinished.

        The workers load the encoder first: a run whose model cannot be loaded is `failed`, and its `message` says why.
        """
        version_settings = checked(StartBody(data=request.data))
        person = request.user if isinstance(request.user, User) else None
        try:
            run = start_reindex(started_by=person, **version_settings)
        except AlreadyReindexing as error:
            raise Conflict(str(error), code="already_reindexing") from error
        record_request(request, "reindex.start", run.version)
        location = reverse("api-reindex-run", args=[run.pk])
        return Response(describe_run(run), status=status.HTTP_201_CREATED, headers={"Location": location})


class RunView(ApiView):
    """One reindex run with its progress."""

    @extend_schema(operation_id="read_reindex_run", responses=RunDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(describe_run(get_object_or_404(ReindexRun.objects.select_related("version"), pk=pk)))


class RunActionView(ApiView):
    """Pauses, resumes or cancels a run."""

    action: str = ""

    @extend_schema(request=None, responses=RunDetailSerializer)
    def post(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(ReindexRun.objects.select_related("version"), pk=pk)
        if not ACTIONS[self.action](run):
            raise Conflict(f"The run is {run.state}.")
        record_request(request, f"reindex.{self.action}", run.version)
        return Response(describe_run(ReindexRun.objects.select_related("version").get(pk=pk)))
