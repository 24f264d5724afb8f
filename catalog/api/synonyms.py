"""The API of synonyms: words that a search treats as equivalent."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.audit import record_request
from catalog.api.rules import MentioningParameters, refused
from catalog.http.pages import page
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.models import Synonym
from catalog.rules import MAX_PHRASE_CHARACTERS, RuleRefused, save_synonym


class SynonymBody(StrictSerializer):
    words = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PHRASE_CHARACTERS),
        help_text="Words or short phrases that stand for each other.",
    )
    alternatives = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PHRASE_CHARACTERS),
        default=list,
        help_text="If given, a search for one of `words` finds these too, but not the other way round.",
    )
    enabled = serializers.BooleanField(default=True)


class SynonymSerializer(SynonymBody):
    id = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class SynonymPageSerializer(serializers.Serializer[Any]):
    results = SynonymSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class SynonymsView(ApiView):
    """List synonyms, oldest first, or create one."""

    query_class = MentioningParameters

    @extend_schema(operation_id="list_synonyms", parameters=[MentioningParameters], responses=SynonymPageSerializer)
    def get(self, request: Request) -> Response:
        synonyms = Synonym.objects.mentioning(self.query["q"])
        return Response(page(synonyms, describe_synonym, limit=self.query["limit"], cursor=self.query["cursor"]))

    @extend_schema(operation_id="create_synonym", request=SynonymBody, responses={201: SynonymSerializer})
    def post(self, request: Request) -> Response:
        """Create a synonym. It applies from the next search on."""
        synonym = Synonym()
        _save(synonym, checked(SynonymBody(data=request.data)))
        record_request(request, "synonym.create", synonym)
        location = reverse("api-synonym", args=[synonym.pk])
        return Response(describe_synonym(synonym), status=status.HTTP_201_CREATED, headers={"Location": location})


class SynonymView(ApiView):
    """One synonym."""

    @extend_schema(operation_id="read_synonym", responses=SynonymSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(describe_synonym(get_object_or_404(Synonym, pk=pk)))

    @extend_schema(operation_id="replace_synonym", request=SynonymBody, responses=SynonymSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Replace the synonym; omitted fields get their defaults."""
        return self._change(request, pk, partial=False)

    @extend_schema(operation_id="change_synonym", request=SynonymBody(partial=True), responses=SynonymSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change the fields given; lists are replaced as a whole."""
        return self._change(request, pk, partial=True)

    @extend_schema(operation_id="delete_synonym", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        synonym = get_object_or_404(Synonym, pk=pk)
        record_request(request, "synonym.delete", synonym)
        synonym.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, pk: int, *, partial: bool) -> Response:
        given = checked(SynonymBody(data=request.data, partial=partial))
        with transaction.atomic():
            synonym = get_object_or_404(Synonym.objects.select_for_update(), pk=pk)
            _save(synonym, given)
            record_request(request, "synonym.change", synonym)
        return Response(describe_synonym(synonym))


def _save(synonym: Synonym, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(synonym, name, value)
    try:
        save_synonym(synonym)
    except RuleRefused as error:
        raise refused(error) from error


def describe_synonym(synonym: Synonym) -> dict[str, Any]:
    return {"id": synonym.pk, **synonym.describe(), "updated_at": synonym.updated_at}
