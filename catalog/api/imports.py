"""The API of imports: upload a file, see its progress and which rows were not loaded."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.audit import record_request
from catalog.http.pages import PageParameters, page
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.importing import FileUnreadable, MappingError, accept_upload, mapping_from_json
from catalog.models import ImportRun


class UploadBody(StrictSerializer):
    file = serializers.FileField(help_text="CSV, JSON or NDJSON, in UTF-8.")
    kind = serializers.ChoiceField(choices=ImportRun.Kind.choices, default=ImportRun.Kind.ITEMS)
    mapping = serializers.CharField(
        default="",
        help_text='Which column fills which field, as JSON: {"fields": {"title": "name"}}. Default: by name.',
    )


class ProblemSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    reason = serializers.CharField()


class ImportSerializer(serializers.ModelSerializer):
    class Meta:
        model = ImportRun
        fields = [
            "id",
            "kind",
            "filename",
            "state",
            "position",
            "size_bytes",
            "read_bytes",
            "created",
            "updated",
            "unchanged",
            "rejected",
            "message",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class ImportDetailSerializer(ImportSerializer):
    problems = ProblemSerializer(many=True, help_text="The first rows that were not loaded.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "problems"]
        read_only_fields = fields


class ImportPageSerializer(serializers.Serializer[Any]):
    results = ImportSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ImportsView(ApiView):
    """List imports, newest first, or start one."""

    query_class = PageParameters
    parser_classes = [MultiPartParser]
    accepts_uploads = True

    @extend_schema(operation_id="list_imports", parameters=[PageParameters], responses=ImportPageSerializer)
    def get(self, request: Request) -> Response:
        runs = ImportRun.objects.defer("problems")
        return Response(page(runs, lambda row: ImportSerializer(row).data, **self.query, newest_first=True))

    @extend_schema(operation_id="import_file", request=UploadBody, responses={202: ImportDetailSerializer})
    def post(self, request: Request) -> Response:
        """Upload a file; a worker loads it. Good rows are kept, bad ones reported with their line."""
        given = checked(UploadBody(data=request.data))
        person = request.user if isinstance(request.user, User) else None
        try:
            mapping = mapping_from_json(given["mapping"])
            run = accept_upload(given["file"], kind=given["kind"], mapping=mapping, started_by=person)
        except (MappingError, FileUnreadable) as error:
            field = "mapping" if isinstance(error, MappingError) else "file"
            detail = serializers.ErrorDetail(str(error), f"invalid_{field}")
            raise serializers.ValidationError({field: [detail]}) from error
        record_request(request, "import.start", run.filename, kind=run.kind)
        location = reverse("api-import", args=[run.pk])
        return Response(
            ImportDetailSerializer(run).data, status=status.HTTP_202_ACCEPTED, headers={"Location": location}
        )


class ImportView(ApiView):
    """The progress of an import, and the rows that were not loaded."""

    @extend_schema(operation_id="read_import", responses=ImportDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(ImportDetailSerializer(get_object_or_404(ImportRun, pk=pk)).data)
