"""The API of search, suggestions and similar items."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.hits import (
    SearchResponseSerializer,
    SimilarResponseSerializer,
    SuggestResponseSerializer,
    describe_hit,
    describe_suggestion,
)
from catalog.embedding.base import EncoderError
from catalog.http.fields import NumbersField, PictureField
from catalog.http.middleware import request_id
from catalog.http.parsers import StrictJSONParser
from catalog.http.problems import PictureNotTaken, Unavailable
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.throttling import ClientThrottle, PictureFormThrottle, caller_name, is_multipart, seconds_to_wait
from catalog.http.views import ApiView
from catalog.models import ApiKey, Item
from catalog.pictures.errors import PictureError, PicturesBusy
from catalog.querylog.requests import log_api_search
from catalog.search import search
from catalog.search.by_picture import PictureAsked, ask_for_picture, check_reads_pictures
from catalog.search.queries import DEFAULT_RATIO, MAX_LIMIT, MAX_OFFSET, MAX_TEXT_CHARACTERS, SearchQuery, SearchResults
from catalog.search.reading import version_for
from catalog.search.similar import similar_items
from catalog.search.suggest import suggest
from catalog.search.taste import Taste, taste_for

NO_QUERY = "Say what to search for. GET /api/v1/items lists items without a query."


class NamesField(serializers.ListField):
    """Names as a list, or as one comma-separated text."""

    child = serializers.CharField(max_length=100)

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, str):
            data = [name.strip() for name in data.split(",") if name.strip()]
        return super().to_internal_value(data)


class SearchParameters(StrictSerializer):
    q = serializers.CharField(
        required=False,
        max_length=MAX_TEXT_CHARACTERS,
        help_text="What to search for.",
        error_messages={"blank": NO_QUERY},
    )
    limit = serializers.IntegerField(default=20, min_value=1, max_value=MAX_LIMIT)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=MAX_OFFSET)
    filter = serializers.CharField(
        default="", allow_blank=True, help_text='For example: genres = "Comedy" AND year >= 1990'
    )
    facets = NamesField(
        default=list,
        max_length=20,
        help_text="Attributes whose values are counted, separated by commas: the 100 commonest of each.",
    )
    sort = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=101,
        help_text="newest, title or a number attribute; a leading - reverses it.",
    )
    semantic_ratio = serializers.FloatField(
        default=DEFAULT_RATIO, min_value=0, max_value=1, help_text="0 counts only words, 1 only meaning."
    )
    rerank = serializers.BooleanField(
        default=False, help_text="Rerank the first 50 hits with the site's cross-encoder, if it has one."
    )
    threshold = serializers.FloatField(
        default=None, allow_null=True, min_value=0, max_value=1, help_text="Leave out hits with a lower score."
    )
    correct = serializers.BooleanField(default=True, help_text="Whether to correct words that no item contains.")
    operators = serializers.BooleanField(
        default=True,
        help_text='Whether hits must contain a "quoted phrase" and must not contain a -word.',
    )
    highlight = serializers.BooleanField(default=True)
    explain = serializers.BooleanField(default=False)
    personalize = serializers.BooleanField(
        default=False, help_text="Whether hits closer to the caller's taste move up."
    )
    user = serializers.CharField(default=None, max_length=150, help_text="Whose taste to use. Needs an API key.")
    visitor = serializers.UUIDField(default=None, help_text="The same for a visitor without an account.")
    version = serializers.IntegerField(default=None, allow_null=True, help_text="A live index version.")
    visit = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="Any id for one person's visit: what they type on counts as one search.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs.get("vector") or attrs.get("image")) and "q" not in attrs:
            raise serializers.ValidationError({"q": NO_QUERY}, code="required")
        if attrs["user"] is not None and attrs["visitor"] is not None:
            raise serializers.ValidationError({"visitor": "Name a user or a visitor, not both."}, code="two_subjects")
        return attrs


class SearchBody(SearchParameters):
    vector = NumbersField(required=False, help_text="Used as the query's vector; nothing is encoded.")
    image = PictureField(
        required=False, help_text="A picture to search with, alone or with `q`: a file in a form, or base64 in JSON."
    )
    image_weight = serializers.FloatField(
        default=0.5, min_value=0, max_value=1, help_text="How much the picture counts beside `q`."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("vector") and attrs.get("image"):
            raise serializers.ValidationError({"image": "Send a vector or a picture, not both."}, code="two_vectors")
        return super().validate(attrs)


class SuggestParameters(StrictSerializer):
    q = serializers.CharField(max_length=MAX_TEXT_CHARACTERS)
    limit = serializers.IntegerField(default=8, min_value=1, max_value=20)


class SimilarParameters(StrictSerializer):
    limit = serializers.IntegerField(default=12, min_value=1, max_value=MAX_LIMIT)


class ReadingView(ApiView):
    """A view that only reads, whatever the method."""

    read_scope = write_scope = ApiKey.Scope.SEARCH
    throttle_scope = "read"
    reads_only = True


class SearchView(ReadingView):
    """Search by words and meaning."""

    query_class = SearchParameters
    parser_classes = [StrictJSONParser, MultiPartParser]
    accepts_pictures = True
    throttle_classes = [ClientThrottle, PictureFormThrottle]

    @extend_schema(operation_id="search", parameters=[SearchParameters], responses=SearchResponseSerializer)
    def get(self, request: Request) -> Response:
        return self._respond(request, self.query)

    @extend_schema(operation_id="search_by_post", request=SearchBody, responses=SearchResponseSerializer)
    def post(self, request: Request) -> Response:
        return self._respond(request, checked(SearchBody(data=request.data)))

    def _respond(self, request: Request, parameters: dict[str, Any]) -> Response:
        vector, picture = parameters.get("vector"), _picture(request, parameters)
        query = SearchQuery(
            text=parameters.get("q", ""),
            limit=parameters["limit"],
            offset=parameters["offset"],
            filter=parameters["filter"],
            facets=tuple(parameters["facets"]),
            sort=parameters["sort"],
            semantic_ratio=parameters["semantic_ratio"],
            threshold=parameters["threshold"],
            correct=parameters["correct"],
            operators=parameters["operators"],
            highlight=parameters["highlight"],
            explain=parameters["explain"],
            rerank=parameters["rerank"],
            vector=tuple(vector) if vector else None,
            picture=picture.vector if picture else None,
            picture_weight=parameters.get("image_weight", 0.5),
            taste=_taste(request, parameters),
            version_id=picture.version_id if picture else parameters["version"],
        )
        results = search(query)
        log_api_search(request, results, visit=parameters["visit"])
        return Response(describe_results(results, request_id=request_id(request._request)))


def _picture(request: Request, parameters: dict[str, Any]) -> PictureAsked | None:
    """The picture to search by, and the version it was encoded for, which is the one to search."""
    if not (data := parameters.get("image")):
        return None
    if not is_multipart(request) and (wait_s := seconds_to_wait("pictures", caller_name(request))):
        raise Throttled(wait_s)
    version = check_reads_pictures(version_for(SearchQuery(version_id=parameters["version"])))
    try:
        return ask_for_picture(version, data)
    except PicturesBusy as error:
        raise Unavailable(str(error), code=error.code) from error
    except PictureError as error:
        raise PictureNotTaken(error) from error
    except EncoderError as error:
        raise Unavailable(str(error), code="encoder_unavailable") from error


def _taste(request: Request, parameters: dict[str, Any]) -> Taste | None:
    if not parameters["personalize"]:
        return None
    return taste_for(request, user=parameters["user"], visitor=parameters["visitor"])


def describe_results(results: SearchResults, *, request_id: str) -> dict[str, Any]:
    query = results.query
    return {
        "hits": [describe_hit(hit) for hit in results.hits],
        "query": query.text,
        "limit": query.limit,
        "offset": query.offset,
        "correction": {"text": results.correction.text, "words": results.correction.replaced}
        if results.correction
        else None,
        "phrases": [phrase.text for phrase in results.operators.phrases],
        "excluded": [phrase.text for phrase in results.operators.excluded],
        "personalized": query.taste is not None,
        "total": results.total,
        "close_total": results.close_total,
        "exhaustive": results.exhaustive,
        "facets": {name: [asdict(value) for value in values] for name, values in results.facets.items()},
        "facet_stats": {name: {"min": low, "max": high} for name, (low, high) in results.facet_stats.items()},
        "processing_ms": round(results.processing_ms, 2),
        "semantic_hit_count": results.semantic_hit_count,
        "reranked": results.reranked,
        "rerank_reason": results.rerank_reason,
        "degraded": results.degraded,
        "degraded_reason": results.degraded_reason,
        "version": results.version_id,
        "request_id": request_id,
    }


class SuggestView(ReadingView):
    """Past queries and titles that complete what is being typed."""

    query_class = SuggestParameters

    @extend_schema(operation_id="suggest", parameters=[SuggestParameters], responses=SuggestResponseSerializer)
    def get(self, request: Request) -> Response:
        suggestions = suggest(self.query["q"], limit=self.query["limit"])
        return Response({"suggestions": [describe_suggestion(suggestion) for suggestion in suggestions]})


class SimilarView(ReadingView):
    """Items similar to one item."""

    query_class = SimilarParameters

    @extend_schema(operation_id="similar_items", parameters=[SimilarParameters], responses=SimilarResponseSerializer)
    def get(self, request: Request, pk: int) -> Response:
        item = get_object_or_404(Item.objects.published(), pk=pk)
        hits = similar_items(item, limit=self.query["limit"])
        return Response({"hits": [describe_hit(hit) for hit in hits]})
