"""The API of query sets: create them, and judge items for their queries."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.audit import record_request
from catalog.http.pages import PageParameters, page
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.judged.sets import (
    SetRefused,
    add_queries,
    clean_text,
    create_set,
    delete_set,
    keep_judgements,
    queries_by_text,
    rename_set,
)
from catalog.models import Item, JudgedQuery, JudgedSet, Judgement
from catalog.models.judged import HIGHEST_GRADE
from catalog.models.searches import TEXT_KEPT

#: The most judgements, or queries, in one request.
MOST_AT_ONCE = 1_000


class QueriesField(serializers.ListField):
    child = serializers.CharField(max_length=TEXT_KEPT)


class SetBody(StrictSerializer):
    name = serializers.CharField(max_length=100)
    queries = QueriesField(default=list, max_length=MOST_AT_ONCE, help_text="The first queries of the set.")


class ChangeSetBody(StrictSerializer):
    name = serializers.CharField(max_length=100)


class AddQueriesBody(StrictSerializer):
    queries = QueriesField(
        min_length=1, max_length=MOST_AT_ONCE, help_text="Queries already in the set stay as they are."
    )


class JudgementBody(StrictSerializer):
    query = serializers.CharField(max_length=TEXT_KEPT, help_text="The query's text. A new query is added to the set.")
    item = serializers.CharField(max_length=200, help_text="The item's external id.")
    grade = serializers.IntegerField(min_value=0, max_value=HIGHEST_GRADE, help_text="0 is not relevant, 3 perfect.")


class JudgementsBody(StrictSerializer):
    judgements = serializers.ListField(child=JudgementBody(), min_length=1, max_length=MOST_AT_ONCE)


class SetSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    queries = serializers.IntegerField(help_text="How many queries the set has.")
    judged = serializers.IntegerField(help_text="How many of them have judgements.")
    created_at = serializers.DateTimeField()


class SetPageSerializer(serializers.Serializer[Any]):
    results = SetSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class JudgedQuerySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    text = serializers.CharField()
    judged = serializers.IntegerField(help_text="Items judged for it.")
    relevant = serializers.IntegerField(help_text="Those of them with a grade above 0.")


class JudgedQueryPageSerializer(serializers.Serializer[Any]):
    results = JudgedQuerySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class JudgementSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    query = serializers.CharField()
    item = serializers.CharField(help_text="The item's external id.")
    grade = serializers.IntegerField()
    judged_at = serializers.DateTimeField()


class JudgementPageSerializer(serializers.Serializer[Any]):
    results = JudgementSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AddedSerializer(serializers.Serializer[Any]):
    queries = serializers.IntegerField(help_text="How many queries were new to the set.")
    judgements = serializers.IntegerField(
        help_text="How many judgements were saved, replacing earlier ones of the same item."
    )


class SetsView(ApiView):
    """List query sets, oldest first, or create one."""

    query_class = PageParameters

    @extend_schema(operation_id="list_query_sets", parameters=[PageParameters], responses=SetPageSerializer)
    def get(self, request: Request) -> Response:
        return Response(page(JudgedSet.objects.with_counts(), describe_set, **self.query))

    @extend_schema(operation_id="create_query_set", request=SetBody, responses={201: SetSerializer})
    def post(self, request: Request) -> Response:
        given = checked(SetBody(data=request.data))
        try:
            judged_set = create_set(**given, created_by=person(request))
        except SetRefused as error:
            raise refused(error) from error
        record_request(request, "query_set.create", judged_set)
        location = reverse("api-query-set", args=[judged_set.pk])
        return Response(_described(judged_set.pk), status=status.HTTP_201_CREATED, headers={"Location": location})


class SetView(ApiView):
    """One query set."""

    @extend_schema(operation_id="read_query_set", responses=SetSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(_described(pk))

    @extend_schema(operation_id="change_query_set", request=ChangeSetBody, responses=SetSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename the set."""
        given = checked(ChangeSetBody(data=request.data))
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        try:
            rename_set(judged_set, given["name"])
        except SetRefused as error:
            raise refused(error) from error
        record_request(request, "query_set.rename", judged_set)
        return Response(_described(pk))

    @extend_schema(operation_id="delete_query_set", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete the set, its judgements and its measurements."""
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        with transaction.atomic():
            record_request(request, "query_set.delete", judged_set)
            delete_set(judged_set)
        return Response(status=status.HTTP_204_NO_CONTENT)


class QueriesView(ApiView):
    """List the queries of a set, oldest first, or add some."""

    query_class = PageParameters

    @extend_schema(operation_id="list_judged_queries", parameters=[PageParameters], responses=JudgedQueryPageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        queries = JudgedQuery.objects.filter(judged_set=judged_set).with_counts()
        return Response(page(queries, describe_query, **self.query))

    @extend_schema(operation_id="add_judged_queries", request=AddQueriesBody, responses={201: AddedSerializer})
    def post(self, request: Request, pk: int) -> Response:
        given = checked(AddQueriesBody(data=request.data))
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        try:
            added = add_queries(judged_set, given["queries"])
        except SetRefused as error:
            raise refused(error) from error
        record_request(request, "query_set.fill", judged_set, queries=added)
        return Response({"queries": added, "judgements": 0}, status=status.HTTP_201_CREATED)


class JudgementsView(ApiView):
    """List the judgements of a set, oldest first, or add some."""

    query_class = PageParameters

    @extend_schema(operation_id="list_judgements", parameters=[PageParameters], responses=JudgementPageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        judgements = Judgement.objects.filter(query__judged_set=judged_set).select_related("query", "item")
        return Response(page(judgements, describe_judgement, **self.query))

    @extend_schema(operation_id="add_judgements", request=JudgementsBody, responses={201: AddedSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Judge up to 1,000 items for queries of the set. If one is invalid, none is saved."""
        rows = checked(JudgementsBody(data=request.data))["judgements"]
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        ids = Item.objects.ids_by_external_id({row["item"] for row in rows})
        missing = {
            str(place): {"item": [_unknown(row["item"])]} for place, row in enumerate(rows) if row["item"] not in ids
        }
        if missing:
            raise serializers.ValidationError({"judgements": missing})
        try:
            with transaction.atomic():
                added = add_queries(judged_set, [row["query"] for row in rows])
                queries = queries_by_text(judged_set)
                kept = {
                    (query.pk, ids[row["item"]]): Judgement(
                        query=query, item_id=ids[row["item"]], grade=row["grade"], judged_by=person(request)
                    )
                    for row in rows
                    for query in [queries[clean_text(row["query"]).lower()]]
                }
                count = keep_judgements(kept.values())
        except SetRefused as error:
            raise refused(error) from error
        record_request(request, "query_set.judge", judged_set, judgements=count)
        return Response({"queries": added, "judgements": count}, status=status.HTTP_201_CREATED)


def person(request: Request) -> User | None:
    """The signed-in user; an API key is not a person."""
    return request.user if isinstance(request.user, User) else None


def refused(error: SetRefused) -> serializers.ValidationError:
    """The error as the API reports it."""
    detail = serializers.ErrorDetail(str(error), "invalid_query_set")
    return serializers.ValidationError({error.field or "queries": [detail]})


def _unknown(item: str) -> serializers.ErrorDetail:
    return serializers.ErrorDetail(f"There is no item “{item[:60]}”.", "unknown_item")


def _described(pk: int) -> dict[str, Any]:
    return describe_set(get_object_or_404(JudgedSet.objects.with_counts(), pk=pk))


def describe_set(judged_set: JudgedSet) -> dict[str, Any]:
    return {
        "id": judged_set.pk,
        "name": judged_set.name,
        "queries": judged_set.queries_count,
        "judged": judged_set.judged_count,
        "created_at": judged_set.created_at,
    }


def describe_query(query: JudgedQuery) -> dict[str, Any]:
    return {"id": query.pk, "text": query.text, "judged": query.judged_count, "relevant": query.relevant_count}


def describe_judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "id": judgement.pk,
        "query": judgement.query.text,
        "item": judgement.item.external_id,
        "grade": judgement.grade,
        "judged_at": judgement.judged_at,
    }
