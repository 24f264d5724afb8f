"""The API of measurements: start one on a query set, see its progress and results, cancel it."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.audit import record_request
from catalog.api.query_sets import person
from catalog.api.version_asked import VersionAsked
from catalog.http.pages import PageParameters, page
from catalog.http.problems import Conflict
from catalog.http.serializers import checked
from catalog.http.views import ApiView
from catalog.judged.measuring import (
    AlreadyMeasuring,
    NothingToMeasure,
    SearchSetting,
    cancel_measurement,
    settings_of,
    start_measurement,
)
from catalog.models import IndexVersion, JudgedSet, MeasuredSetting, Measurement


class MeasurementBody(VersionAsked):
    kind = serializers.ChoiceField(
        choices=Measurement.Kind.choices,
        default=Measurement.Kind.ONE,
        help_text="One setting; a sweep of ratios from 0 to 1; two index versions; with reranking and without.",
    )
    other_version = serializers.IntegerField(
        default=None, allow_null=True, help_text="For two versions: the version to compare with."
    )
    rerank = serializers.BooleanField(default=False, help_text="Rerank the hits with the site's cross-encoder.")


class GainSerializer(serializers.Serializer[Any]):
    mean = serializers.FloatField()
    low = serializers.FloatField(help_text="Lower end of the 95% interval.")
    high = serializers.FloatField()


class MeasuredSettingSerializer(serializers.ModelSerializer):
    gain = GainSerializer(allow_null=True, help_text="Gain in nDCG@10 over the first setting, by a paired bootstrap.")

    class Meta:
        model = MeasuredSetting
        fields = [
            "version",
            "semantic_ratio",
            "rerank",
            "ndcg_at_10",
            "mrr_at_10",
            "recall_at_100",
            "judged_at_10",
            "median_ms",
            "not_reranked",
            "gain",
        ]
        read_only_fields = fields


class MeasurementSerializer(serializers.ModelSerializer):
    query_set = serializers.IntegerField(source="judged_set_id", read_only=True)
    settings = MeasuredSettingSerializer(many=True, help_text="The first is the baseline for the others.")

    class Meta:
        model = Measurement
        fields = [
            "id",
            "query_set",
            "kind",
            "state",
            "message",
            "queries",
            "searches_done",
            "searches_total",
            "created_at",
            "finished_at",
            "settings",
        ]
        read_only_fields = fields


class MeasurementPageSerializer(serializers.Serializer[Any]):
    results = MeasurementSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class MeasurementsView(ApiView):
    """List the measurements of a query set, newest first, or start one."""

    query_class = PageParameters

    @extend_schema(operation_id="list_measurements", parameters=[PageParameters], responses=MeasurementPageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        measurements = Measurement.objects.filter(judged_set=judged_set).prefetch_related("settings")
        return Response(page(measurements, describe_measurement, **self.query, newest_first=True))

    @extend_schema(operation_id="start_measurement", request=MeasurementBody, responses={201: MeasurementSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have a worker measure search on the set; 409 if a measurement of it is unfinished."""
        given = checked(MeasurementBody(data=request.data))
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        kind = Measurement.Kind(given["kind"])
        try:
            setting = SearchSetting(
                version_id=_version(given["version"]), semantic_ratio=given["semantic_ratio"], rerank=given["rerank"]
            )
            tried = settings_of(kind, setting, other_version_id=given["other_version"])
            measurement = start_measurement(judged_set, tried, kind=kind, started_by=person(request))
        except NothingToMeasure as error:
            raise serializers.ValidationError({error.field: str(error)}, code="nothing_to_measure") from error
        except AlreadyMeasuring as error:
            raise Conflict(str(error), code="already_measuring") from error
        record_request(request, "query_set.measure", measurement)
        location = reverse("api-measurement", args=[measurement.pk])
        body = describe_measurement(measurement)
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": location})


class MeasurementView(ApiView):
    """One measurement: its progress, and its figures once it is done."""

    @extend_schema(operation_id="read_measurement", responses=MeasurementSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(describe_measurement(get_object_or_404(Measurement, pk=pk)))


class CancelMeasurementView(ApiView):
    @extend_schema(operation_id="cancel_measurement", request=None, responses=MeasurementSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Cancel it; 409 if it has already ended."""
        measurement = get_object_or_404(Measurement.objects.select_related("judged_set"), pk=pk)
        if not cancel_measurement(measurement):
            raise Conflict(f"The measurement is {measurement.state}.")
        record_request(request, "query_set.cancel", measurement)
        measurement.refresh_from_db()
        return Response(describe_measurement(measurement))


def describe_measurement(measurement: Measurement) -> dict[str, Any]:
    return dict(MeasurementSerializer(measurement).data)


def _version(version_id: int | None) -> int:
    """The named version, or the serving one. Raises NothingToMeasure."""
    if version_id is not None:
        return version_id
    active = IndexVersion.objects.active()
    if active is None:
        raise NothingToMeasure("No index version is active yet.", field="version")
    return active.pk
