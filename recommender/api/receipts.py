"""The API of receipts: what one's own deletions removed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.http.views import ApiView
from catalog.models import ApiKey
from recommender.api.callers import own_subject
from recommender.models import DeletionReceipt


class ReceiptSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    scope = serializers.ChoiceField(choices=DeletionReceipt.Scope.choices)
    interactions = serializers.IntegerField(help_text="Events removed.")
    embeddings = serializers.IntegerField(help_text="Vectors computed from them, removed.")
    cache_entries = serializers.IntegerField(help_text="Cached lists removed.")
    deleted_at = serializers.DateTimeField()


class ReceiptsView(ApiView):
    """The receipts of one's own deletions, newest first."""

    read_scope = ApiKey.Scope.SEARCH

    @extend_schema(operation_id="list_receipts", responses=ReceiptSerializer(many=True))
    def get(self, request: Request) -> Response:
        receipts = DeletionReceipt.objects.of(own_subject(request))
        return Response(ReceiptSerializer(receipts, many=True).data)


class ReceiptView(ApiView):
    """One receipt of one's own."""

    read_scope = ApiKey.Scope.SEARCH

    @extend_schema(operation_id="read_receipt", responses=ReceiptSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        receipt = DeletionReceipt.objects.of(own_subject(request)).with_id(pk).first()
        if receipt is None:
            raise Http404
        return Response(ReceiptSerializer(receipt).data)
