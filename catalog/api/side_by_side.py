"""The API for comparing two index versions: what each finds for a query, and how far they agree."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.version_asked import VersionAsked
from catalog.http.views import ApiView
from catalog.judged.side_by_side import TOP, Side, SideBySide, pair_of, side_by_side
from catalog.models import IndexVersion
from catalog.search.queries import MAX_LIMIT, MAX_TEXT_CHARACTERS


class SideBySideParameters(VersionAsked):
    q = serializers.CharField(max_length=MAX_TEXT_CHARACTERS, help_text="What to search for.")
    other_version = serializers.IntegerField(
        default=None, allow_null=True, help_text="The version to compare with; default: the newest other one."
    )
    limit = serializers.IntegerField(
        default=TOP, min_value=1, max_value=MAX_LIMIT, help_text="Hits to return from each."
    )


class PlacedHitSerializer(serializers.Serializer[Any]):
    place = serializers.IntegerField(help_text="From 1.")
    other_place = serializers.IntegerField(
        allow_null=True, help_text=f"Place in the other version; null if not among its first {MAX_LIMIT}."
    )
    id = serializers.IntegerField(help_text="The item's id.")
    external_id = serializers.CharField()
    title = serializers.CharField()
    score = serializers.FloatField()
    close = serializers.BooleanField()


class SideSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    model = serializers.CharField()
    state = serializers.CharField()
    total = serializers.IntegerField(help_text="Total hits.")
    close_total = serializers.IntegerField()
    took_ms = serializers.FloatField()
    encoding_ms = serializers.FloatField(help_text="Part of it spent encoding the query.")
    degraded = serializers.BooleanField(help_text="Whether it was searched by words only.")
    degraded_reason = serializers.CharField()
    hits = PlacedHitSerializer(many=True)


class SideBySideSerializer(serializers.Serializer[Any]):
    q = serializers.CharField()
    semantic_ratio = serializers.FloatField()
    overlap_at_10 = serializers.FloatField(
        help_text="Share of the first ten that both have, relative to the longer list."
    )
    rank_biased_overlap = serializers.FloatField(
        help_text=f"RBO of the first {MAX_LIMIT} with a persistence of 0.9: 1 is identical, 0 nothing in common."
    )
    versions = SideSerializer(many=True, help_text="Two: `version`, then `other_version`.")


class SideBySideView(ApiView):
    """Run the same query in two live index versions. Nothing is switched, and the search is not logged."""

    query_class = SideBySideParameters

    @extend_schema(
        operation_id="compare_index_versions", parameters=[SideBySideParameters], responses=SideBySideSerializer
    )
    def get(self, request: Request) -> Response:
        one, other = _pair(self.query["version"], self.query["other_version"])
        found = side_by_side(self.query["q"], one, other, semantic_ratio=self.query["semantic_ratio"])
        return Response(_described(found, self.query))


def _pair(version: int | None, other_version: int | None) -> tuple[IndexVersion, IndexVersion]:
    """The named versions, or the defaults. Raises ValidationError."""
    live = {version.pk: version for version in IndexVersion.objects.live()}
    for field, named in (("version", version), ("other_version", other_version)):
        if named is not None and named not in live:
            raise serializers.ValidationError({field: f"There is no live index version {named}."}, code="no_version")
    if version is not None and version == other_version:
        raise serializers.ValidationError({"other_version": "Name two different versions."}, code="same_version")
    one, other = pair_of(
        list(live.values()),
        one=None if version is None else live[version],
        other=None if other_version is None else live[other_version],
    )
    if one is None or other is None:
        raise serializers.ValidationError({"other_version": "There are no two live versions."}, code="one_version")
    return one, other


def _described(found: SideBySide, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "q": asked["q"],
        "semantic_ratio": asked["semantic_ratio"],
        "overlap_at_10": round(found.overlap_at_10, 6),
        "rank_biased_overlap": round(found.rank_biased_overlap, 6),
        "versions": [
            _side(found.one, found.other, limit=asked["limit"]),
            _side(found.other, found.one, limit=asked["limit"]),
        ],
    }


def _side(side: Side, beside: Side, *, limit: int) -> dict[str, Any]:
    places = beside.places
    results = side.results
    return {
        "version": side.version.pk,
        "model": side.version.model,
        "state": side.version.state,
        "total": results.total,
        "close_total": results.close_total,
        "took_ms": round(side.took_ms, 2),
        "encoding_ms": round(side.encoding_ms, 2),
        "degraded": results.degraded,
        "degraded_reason": results.degraded_reason,
        "hits": [
            {
                "place": place,
                "other_place": places.get(hit.item.pk),
                "id": hit.item.pk,
                "external_id": hit.item.external_id,
                "title": hit.item.title,
                "score": round(hit.score, 6),
                "close": hit.close,
            }
            for place, hit in enumerate(results.hits[:limit], start=1)
        ],
    }
