"""The API of one's own interests: list, mute or delete them, and turn personalisation off altogether."""

from __future__ import annotations

from typing import Any

from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.models import ApiKey
from recommender.api.callers import SubjectParameters, is_program, own_subject, subject_named
from recommender.api.receipts import ReceiptSerializer
from recommender.api.recommendations import ReasonItemSerializer, describe_item
from recommender.identity import subject_to_record_for
from recommender.personal_data import ShownInterest, delete_interest, export_everything, shown_interests
from recommender.personal_interests import PersonalInterest
from recommender.preferences import interest_with, is_opted_out, mute, opt_in, opt_out, unmute
from recommender.subjects import Subject


class InterestSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Id of one of its items, by which the interest is addressed.")
    name = serializers.CharField(help_text="Empty for an aversion.")
    share = serializers.FloatField(help_text="Its share of everything liked; the shares of all interests add up to 1.")
    muted = serializers.BooleanField(help_text="Whether it is muted and does not count.")
    aversion = serializers.BooleanField(help_text="Whether it groups disliked items.")
    items = ReasonItemSerializer(many=True, help_text="The items that count most in it.")
    item_count = serializers.IntegerField()
    event_count = serializers.IntegerField(help_text="Events that are deleted with it.")


class InterestsSerializer(serializers.Serializer[Any]):
    personalised = serializers.BooleanField()
    interests = InterestSerializer(many=True)


class PersonalisationBody(StrictSerializer):
    personalised = serializers.BooleanField(help_text="If off, nothing is recorded and recorded history is not used.")


class MuteBody(StrictSerializer):
    muted = serializers.BooleanField()


class OwnInterests(ApiView):
    """Everybody who may search has interests of their own; other people's do not exist for them."""

    read_scope = write_scope = ApiKey.Scope.SEARCH


class InterestsView(OwnInterests):
    """Groups of liked items, the largest first."""

    query_class = SubjectParameters

    @extend_schema(operation_id="list_interests", parameters=[SubjectParameters], responses=InterestsSerializer)
    def get(self, request: Request) -> Response:
        return Response(_listed(subject_named(request, user=self.query["user"], visitor=self.query["visitor"])))

    @extend_schema(operation_id="set_personalisation", request=PersonalisationBody, responses=InterestsSerializer)
    def patch(self, request: Request) -> Response:
        """Turn one's own personalisation off or on."""
        personalised = checked(PersonalisationBody(data=request.data))["personalised"]
        if is_program(request):
            raise Http404
        if personalised:
            opt_in(own_subject(request))
        else:
            opt_out(subject_to_record_for(request._request))
        return Response(_listed(own_subject(request)))


class InterestView(OwnInterests):
    """One of one's own interests, identified by an item in it."""

    @extend_schema(operation_id="mute_interest", request=MuteBody, responses=InterestsSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Mute the interest, so that it counts for nothing, or unmute it. Returns all interests."""
        muted = checked(MuteBody(data=request.data))["muted"]
        subject = own_subject(request)
        own = _interest(subject, pk)
        if muted:
            mute(subject, own)
        else:
            unmute(subject, own)
        return Response(_listed(subject))

    @extend_schema(operation_id="delete_interest", responses={200: ReceiptSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete it together with every event that made it."""
        subject = own_subject(request)
        return Response(ReceiptSerializer(delete_interest(subject, _interest(subject, pk))).data)


class ExportEverythingView(OwnInterests):
    """Everything kept about a person: events, vectors, decisions and receipts, as one JSON object."""

    query_class = SubjectParameters

    @extend_schema(
        operation_id="export_everything",
        parameters=[SubjectParameters],
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        subject = subject_named(request, user=self.query["user"], visitor=self.query["visitor"])
        response = StreamingHttpResponse(export_everything(subject), content_type="application/json")
        response["Content-Disposition"] = 'attachment; filename="recommendations.json"'
        return response


def _interest(subject: Subject, item_id: int) -> PersonalInterest:
    if (own := interest_with(subject, item_id)) is None:
        raise Http404
    return own


def _listed(subject: Subject) -> dict[str, Any]:
    return {
        "personalised": not is_opted_out(subject),
        "interests": [_described(own) for own in shown_interests(subject)],
    }


def _described(own: ShownInterest) -> dict[str, Any]:
    return {
        "id": own.key,
        "name": own.name,
        "share": round(own.share, 6),
        "muted": own.muted,
        "aversion": own.is_aversion,
        "items": [describe_item(item) for item in own.items],
        "item_count": own.item_count,
        "event_count": own.event_count,
    }
