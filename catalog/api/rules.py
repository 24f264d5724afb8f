"""The API of search rules: what is pinned, hidden and boosted, and for which queries."""

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
from catalog.http.pages import PageParameters, page
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.models import SearchRule
from catalog.rules import MAX_AMOUNT, MAX_POSITION, RULE_FIELDS, RuleRefused, save_rule


class RowBody(StrictSerializer):
    """A row of a list, which must be complete even in a partial update of a rule."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if missing := [name for name in self.fields if name not in attrs]:
            required = serializers.ErrorDetail("This field is required.", "required")
            raise serializers.ValidationError({name: [required] for name in missing})
        return attrs


class PinBody(RowBody):
    item = serializers.CharField(max_length=200, help_text="The item's external id.")
    position = serializers.IntegerField(help_text=f"From 1 to {MAX_POSITION:,}.")


class BoostBody(RowBody):
    filter = serializers.CharField(help_text='For example: genres = "Comedy" AND year >= 1990')
    amount = serializers.FloatField(help_text=f"Added to the score: between -{MAX_AMOUNT} and {MAX_AMOUNT}.")


class RuleBody(StrictSerializer):
    name = serializers.CharField(max_length=100)
    enabled = serializers.BooleanField(default=True)
    condition = serializers.ChoiceField(
        choices=SearchRule.Condition.choices,
        default=SearchRule.Condition.EQUALS,
        help_text="Apply to every search, to one of `queries`, or to queries with all the words of one of them.",
    )
    queries = serializers.CharField(
        default="", allow_blank=True, max_length=500, help_text="Separated by commas. Case and accents do not count."
    )
    starts_at = serializers.DateTimeField(default=None, allow_null=True)
    ends_at = serializers.DateTimeField(default=None, allow_null=True)
    pins = PinBody(many=True, default=list, help_text="Items fixed at a position.")
    hidden_items = serializers.ListField(
        child=serializers.CharField(max_length=200), default=list, help_text="External ids of items to hide."
    )
    hide_filter = serializers.CharField(default="", allow_blank=True, help_text="Items that match it are hidden.")
    boosts = BoostBody(many=True, default=list, help_text="What is added to the score of items that match a filter.")


class RuleSerializer(RuleBody):
    id = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class RulePageSerializer(serializers.Serializer[Any]):
    results = RuleSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class MentioningParameters(PageParameters):
    q = serializers.CharField(default="", max_length=200, help_text="Text to find in them.")


class RulesView(ApiView):
    """List rules, oldest first, or create one."""

    query_class = MentioningParameters

    @extend_schema(operation_id="list_rules", parameters=[MentioningParameters], responses=RulePageSerializer)
    def get(self, request: Request) -> Response:
        rules = SearchRule.objects.mentioning(self.query["q"])
        return Response(page(rules, describe_rule, limit=self.query["limit"], cursor=self.query["cursor"]))

    @extend_schema(operation_id="create_rule", request=RuleBody, responses={201: RuleSerializer})
    def post(self, request: Request) -> Response:
        """Create a rule. It applies from the next search on."""
        rule = SearchRule()
        _save(rule, checked(RuleBody(data=request.data)))
        record_request(request, "rule.create", rule)
        location = reverse("api-rule", args=[rule.pk])
        return Response(describe_rule(rule), status=status.HTTP_201_CREATED, headers={"Location": location})


class RuleView(ApiView):
    """One rule."""

    @extend_schema(operation_id="read_rule", responses=RuleSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(describe_rule(get_object_or_404(SearchRule, pk=pk)))

    @extend_schema(operation_id="replace_rule", request=RuleBody, responses=RuleSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Replace the rule; omitted fields get their defaults."""
        return self._change(request, pk, partial=False)

    @extend_schema(operation_id="change_rule", request=RuleBody(partial=True), responses=RuleSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change the fields given; lists are replaced as a whole."""
        return self._change(request, pk, partial=True)

    @extend_schema(operation_id="delete_rule", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        rule = get_object_or_404(SearchRule, pk=pk)
        record_request(request, "rule.delete", rule)
        rule.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, pk: int, *, partial: bool) -> Response:
        given = checked(RuleBody(data=request.data, partial=partial))
        with transaction.atomic():
            rule = get_object_or_404(SearchRule.objects.select_for_update(), pk=pk)
            _save(rule, given)
            record_request(request, "rule.change", rule, fields=sorted(given))
        return Response(describe_rule(rule))


def _save(rule: SearchRule, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(rule, name, value)
    try:
        save_rule(rule)
    except RuleRefused as error:
        raise refused(error) from error


def refused(error: RuleRefused) -> serializers.ValidationError:
    """The error as the API reports it, with an entry for each field at fault."""
    return serializers.ValidationError(
        {field: [serializers.ErrorDetail(reason, "invalid_rule")] for field, reason in error.faults.items()}
    )


def describe_rule(rule: SearchRule) -> dict[str, Any]:
    return {"id": rule.pk, **{name: getattr(rule, name) for name in RULE_FIELDS}, "updated_at": rule.updated_at}
