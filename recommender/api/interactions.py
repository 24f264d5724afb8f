"""The API of interactions: record them, read one's history, delete single events or all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.exporting.files import CONTENT_TYPES
from catalog.http.pages import PageParameters, page
from catalog.http.views import ApiView
from catalog.models import ApiKey
from recommender.accounts import ensure_accounts
from recommender.api.callers import (
    SubjectParameters,
    is_program,
    own_subject,
    require_write,
    subject_named,
)
from recommender.api.events import MAX_BATCH, Batch, EventsBody, batch_of, checked_rows, with_items
from recommender.api.receipts import ReceiptSerializer
from recommender.identity import subject_to_record_for
from recommender.interactions import delete_interaction, describe, export_history, record_for_many
from recommender.models import Interaction
from recommender.personal_data import delete_history
from recommender.subjects import Subject


class RefusedSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Its position in the request, from 0.")
    field = serializers.CharField()
    reason = serializers.CharField()


class RecordedSerializer(serializers.Serializer[Any]):
    recorded = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Events whose event id was already recorded.")
    refused = RefusedSerializer(many=True)


class InteractionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.CharField(help_text="The item's external id.")
    title = serializers.CharField()
    kind = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    event_id = serializers.CharField(allow_null=True)
    request_id = serializers.CharField()


class HistoryPageSerializer(serializers.Serializer[Any]):
    results = InteractionSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class HistoryParameters(SubjectParameters, PageParameters):
    pass


class OwnHistory(ApiView):
    """Everybody who may search has a history of their own; other people's do not exist for them."""

    read_scope = write_scope = ApiKey.Scope.SEARCH


class InteractionsView(OwnHistory):
    """What people did with items."""

    @extend_schema(
        operation_id="record_interactions",
        request=EventsBody,
        responses={200: RecordedSerializer, 201: RecordedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Record one event, or a list of up to 1,000. Bad ones are refused with a reason; the others are recorded."""
        single = not isinstance(request.data, list)
        rows, refused = checked_rows(_rows(request), all_or_nothing=single)
        rows = with_items(rows, refused)
        batch = batch_of(rows, _subjects(request, rows), refused)
        if single and batch.refused:
            raise serializers.ValidationError({batch.refused[0].field: batch.refused[0].reason}, code="not_found")
        return _respond(batch)


class InteractionView(OwnHistory):
    """One event in one's own history."""

    @extend_schema(operation_id="delete_interaction", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        if not delete_interaction(own_subject(request), pk):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class HistoryView(OwnHistory):
    """A history, most recently recorded first."""

    query_class = HistoryParameters

    @extend_schema(operation_id="list_history", parameters=[HistoryParameters], responses=HistoryPageSerializer)
    def get(self, request: Request) -> Response:
        subject = subject_named(request, user=self.query["user"], visitor=self.query["visitor"])
        events = Interaction.objects.of(subject).with_items()
        limit, cursor = self.query["limit"], self.query["cursor"]
        return Response(page(events, describe, limit=limit, cursor=cursor, newest_first=True))

    @extend_schema(operation_id="delete_history", responses={200: ReceiptSerializer})
    def delete(self, request: Request) -> Response:
        """Delete one's own events and everything derived from them."""
        return Response(ReceiptSerializer(delete_history(own_subject(request))).data)


class ExportHistoryView(OwnHistory):
    """A whole history as JSON lines."""

    query_class = SubjectParameters

    @extend_schema(
        operation_id="export_history",
        parameters=[SubjectParameters],
        responses={(200, CONTENT_TYPES["ndjson"]): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        subject = subject_named(request, user=self.query["user"], visitor=self.query["visitor"])
        response = StreamingHttpResponse(_lines(subject), content_type=CONTENT_TYPES["ndjson"])
        response["Content-Disposition"] = 'attachment; filename="history.ndjson"'
        return response


def _lines(subject: Subject) -> Iterator[str]:
    for event in export_history(subject):
        yield json.dumps(event, ensure_ascii=False) + "\n"


def _rows(request: Request) -> list[Any]:
    """The events sent: the body is one event or a list of them. Raises ValidationError."""
    rows = request.data if isinstance(request.data, list) else [request.data]
    if not 1 <= len(rows) <= MAX_BATCH:
        raise serializers.ValidationError(f"Send 1 to {MAX_BATCH:,} events at a time.", code="batch_size")
    return rows


def _subjects(request: Request, rows: dict[int, dict[str, Any]]) -> dict[int, Subject]:
    """The subject of each event, unknown if nobody is named. Raises Http404 and PermissionDenied.

    A program's users without an account get one.
    """
    if not is_program(request):
        for row in rows.values():
            subject_named(request, user=row["user"], visitor=row["visitor"])
        own = subject_to_record_for(request._request) if rows else Subject()
        return dict.fromkeys(rows, own)
    require_write(request)
    ids = ensure_accounts(row["user"] for row in rows.values() if row["user"] is not None)
    return {
        index: Subject(user_id=ids[row["user"]]) if row["user"] is not None else Subject(visitor=row["visitor"])
        for index, row in rows.items()
    }


def _respond(batch: Batch) -> Response:
    recorded = record_for_many(batch.events)
    body = {
        "recorded": recorded,
        "known": batch.accepted - recorded,
        "refused": [asdict(row) for row in batch.refused],
    }
    return Response(body, status=status.HTTP_201_CREATED if recorded else status.HTTP_200_OK)
