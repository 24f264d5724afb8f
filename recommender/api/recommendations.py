"""The API of recommendations."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.fields import ItemFields, item_fields
from catalog.http.middleware import request_id
from catalog.http.throttling import ClientThrottle, caller_name, seconds_to_wait
from catalog.http.views import ApiView
from catalog.models import ApiKey, Item
from catalog.search.queries import MAX_TEXT_CHARACTERS
from recommender.api.callers import SubjectParameters, is_program, subject_named
from recommender.importing import CLOCK_SKEW
from recommender.models import ShownList
from recommender.past import past_of
from recommender.recommend import MAX_EXCLUDED, MAX_GIVEN, recommend
from recommender.recommendations import Reason, Recommendation
from recommender.serving.assignment import Assignment, assignment_for, seed_of
from recommender.serving.lists import note_api_list
from recommender.serving.scenarios import DEFAULT_SCENARIO, MAX_EXPLORATION, MAX_LENGTH, SCENARIOS


class IdsField(serializers.ListField):
    """Ids as a list, or as one string with commas between them."""

    child = serializers.IntegerField(min_value=1, max_value=2**63 - 1)

    def to_internal_value(self, data: Any) -> list[int]:
        parts = [data] if isinstance(data, str) else data
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            parts = [number.strip() for part in parts for number in part.split(",") if number.strip()]
        return super().to_internal_value(parts)


class RecommendationsParameters(SubjectParameters):
    scenario = serializers.ChoiceField(
        default=DEFAULT_SCENARIO,
        choices=list(SCENARIOS),
        help_text="What the list is for, which determines how it is made.",
    )
    limit = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=MAX_LENGTH, help_text="Default: the scenario's."
    )
    category = serializers.CharField(default="", allow_blank=True, max_length=200)
    filter = serializers.CharField(
        default="", allow_blank=True, help_text='For example: genres = "Comedy" AND year >= 1990'
    )
    query = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=MAX_TEXT_CHARACTERS,
        help_text="Recommend only among items that search finds close to this query.",
    )
    items = IdsField(
        default=list,
        max_length=MAX_GIVEN,
        help_text="Ids of items that the list should go with, such as a cart's, separated by commas. They count as if "
        "each had just been liked, with or without a history. Nothing is recorded.",
    )
    exclude = IdsField(
        default=list, max_length=MAX_EXCLUDED, help_text="Ids of items to leave out, separated by commas."
    )
    diversity = serializers.FloatField(
        default=None,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="0 ranks by score only, 1 by dissimilarity only. Default: the scenario's.",
    )
    calibration = serializers.FloatField(
        default=None,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="How strongly to give each interest its share. Default: the scenario's.",
    )
    exploration = serializers.FloatField(
        default=None,
        allow_null=True,
        min_value=0,
        max_value=MAX_EXPLORATION,
        help_text="The share of places given to randomly drawn items. Default: the scenario's.",
    )
    seed = serializers.IntegerField(
        default=None, allow_null=True, min_value=0, max_value=2**31 - 1, help_text="Seed of the random draw."
    )
    as_of = serializers.DateTimeField(
        default=None, allow_null=True, help_text="A moment in the past; returns the list as it was made then."
    )
    request_id = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="The request_id of a response of the last day, to repeat it for the same person and parameters in "
        "its scenario, as of its moment.",
    )
    explain = serializers.BooleanField(default=True, help_text="Whether to return reasons for each item.")

    def validate_as_of(self, moment: datetime | None) -> datetime | None:
        if moment is not None and moment > timezone.now() + CLOCK_SKEW:
            raise serializers.ValidationError("This is in the future.", code="in_the_future")
        return moment

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["as_of"] is not None and attrs["request_id"] is not None:
            raise serializers.ValidationError(
                {"as_of": "Send as_of or request_id, not both."},
                code="two_moments",
            )
        return attrs


class ReasonItemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()


class ReasonSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["item", "history", "popular", "new", "explore"])
    text = serializers.CharField()
    share = serializers.FloatField(help_text="Its share of the score; the shares of a recommendation add up to 1.")
    item = ReasonItemSerializer(allow_null=True)


class RecommendationSerializer(serializers.Serializer[Any]):
    item = ItemFields()
    score = serializers.FloatField(help_text="From 0 to 1.")
    source = serializers.ChoiceField(choices=["taste", "popular", "new", "explore"])  # type: ignore[assignment]
    reasons = ReasonSerializer(many=True)


class VariantSerializer(serializers.Serializer[Any]):
    experiment = serializers.CharField()
    variant = serializers.CharField()


class MadeBySerializer(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField(help_text="Send it with the seed to make the same list again.")
    seed = serializers.IntegerField(help_text="Seed of the random draw.")
    model = serializers.IntegerField(allow_null=True, help_text="The taste model; null for the untrained score.")
    not_kept = serializers.ListField(
        child=serializers.ChoiceField(choices=["items", "settings", "model", "index", "preferences"]),
        help_text="For a moment in the past: what is taken as of now, because its past state was not kept.",
    )
    same = serializers.BooleanField(
        allow_null=True, help_text="For a repeated answer: whether it lists the same items in the same order."
    )


class RecommendationsSerializer(serializers.Serializer[Any]):
    recommendations = RecommendationSerializer(many=True)
    scenario = serializers.CharField()
    variant = VariantSerializer(allow_null=True, help_text="The variant that made the list, while an experiment runs.")
    request_id = serializers.CharField(help_text="Send it with events on these items.")
    made_by = MadeBySerializer(help_text="What is needed to make the same list again.")


class PastThrottle(ClientThrottle):
    """Limits lists of the past: each sums the interactions up to its moment from scratch."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        asked = request.query_params.get("as_of") or request.query_params.get("request_id")
        self._wait_s = seconds_to_wait("past", caller_name(request)) if asked else 0
        return self._wait_s == 0


class RecommendationsView(ApiView):
    """Items that somebody has not met, best first; popular items for somebody unknown."""

    read_scope = ApiKey.Scope.SEARCH
    throttle_classes = [ClientThrottle, PastThrottle]
    query_class = RecommendationsParameters

    @extend_schema(
        operation_id="recommend", parameters=[RecommendationsParameters], responses=RecommendationsSerializer
    )
    def get(self, request: Request) -> Response:
        wanted = dict(self.query)
        subject = subject_named(request, user=wanted.pop("user"), visitor=wanted.pop("visitor"), may_be_new=True)
        shown = _answered(wanted.pop("request_id"))
        scenario, as_of = wanted.pop("scenario"), wanted.pop("as_of")
        if shown is not None:
            scenario, as_of = shown.scenario, shown.shown_at
        past = past_of(as_of, subject) if as_of else None
        # A browser gets the variant its pages have; a program gets the variant of the person it names.
        browser = request._request if subject.known and not is_program(request) else None
        assigned = assignment_for(scenario, subject, request=browser, past=past)
        if wanted["seed"] is None:
            wanted["seed"] = seed_of(subject, assigned.at)
        recommendations = recommend(subject, settings=assigned.settings, past=past, **wanted)
        item_ids = [found.item.pk for found in recommendations]
        if past is None:
            note_api_list(request._request, assigned, item_ids)
        return Response(
            {
                "recommendations": [describe(recommendation) for recommendation in recommendations],
                "scenario": assigned.scenario,
                "variant": _describe_variant(assigned),
                "request_id": request_id(request._request),
                "made_by": {
                    "as_of": assigned.at,
                    "seed": wanted["seed"],
                    "model": assigned.model_id,
                    "not_kept": past.not_kept_for(model_is_gone=assigned.model_is_gone) if past else (),
                    "same": None if shown is None else shown.item_ids == item_ids,
                },
            }
        )


def _answered(wanted: UUID | None) -> ShownList | None:
    """The list of an earlier answer. Raises NotFound if none is on record, or no longer."""
    if wanted is None:
        return None
    if (shown := ShownList.objects.answered(wanted)) is None:
        raise NotFound("No list has this request_id. Lists are kept for a day, if logging is on.")
    return shown


def _describe_variant(assigned: Assignment) -> dict[str, str] | None:
    if assigned.experiment_id is None:
        return None
    return {"experiment": assigned.experiment, "variant": assigned.variant}


def describe(recommendation: Recommendation) -> dict[str, Any]:
    return {
        "item": item_fields(recommendation.item),
        "score": round(recommendation.score, 6),
        "source": recommendation.source,
        "reasons": [_describe_reason(reason) for reason in recommendation.reasons],
    }


def _describe_reason(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind,
        "text": reason.text,
        "share": round(reason.share, 4),
        "item": reason.item and describe_item(reason.item),
    }


def describe_item(item: Item) -> dict[str, Any]:
    return {"id": item.pk, "external_id": item.external_id, "title": item.title, "url": item.get_absolute_url()}
