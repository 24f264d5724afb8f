"""Hits as the API returns them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from catalog.api.fields import ItemFields, item_fields
from catalog.search.highlight import Part
from catalog.search.queries import Explanation, Hit
from catalog.search.suggest import Suggestion


class PartSerializer(serializers.Serializer[Part]):
    text = serializers.CharField()
    kind = serializers.ChoiceField(choices=["plain", "word", "closest"])


class HighlightsSerializer(serializers.Serializer[Any]):
    title = PartSerializer(many=True)
    passage = PartSerializer(many=True)


class ExplanationSerializer(serializers.Serializer[Explanation]):
    keyword_score = serializers.FloatField(help_text="BM25.")
    keyword_contribution = serializers.FloatField(help_text="What the words add to the score.")
    keyword_rank = serializers.IntegerField(allow_null=True, help_text="Rank by words alone.")
    terms = serializers.DictField(child=serializers.FloatField(), help_text="What each stem adds to the BM25 score.")
    title_overlap = serializers.FloatField(help_text="Jaccard index of the words of query and title.")
    all_words = serializers.BooleanField(
        help_text="Whether the item contains all the words of a query of two to four words."
    )
    neighbours = serializers.FloatField(
        help_text="Weighted share of the query's neighbouring words that the item has side by side."
    )
    cosine = serializers.FloatField(allow_null=True, help_text="Between the best passage and the query.")
    feedback_cosine = serializers.FloatField(
        allow_null=True, help_text="The same after the query vector has been moved towards its best hits."
    )
    semantic_contribution = serializers.FloatField(help_text="What the meaning adds to the score.")
    semantic_rank = serializers.IntegerField(allow_null=True, help_text="Rank by meaning alone.")
    cutoff = serializers.FloatField(help_text="The cosine from which a passage counts as close.")
    rerank_score = serializers.FloatField(allow_null=True)
    place_before_rerank = serializers.IntegerField(allow_null=True, help_text="From 1.")
    taste = serializers.FloatField(help_text="What the caller's taste adds to the score.")
    boost = serializers.FloatField(help_text="What rules add to the score, which stays between 0 and 1.")
    rules = serializers.ListField(
        child=serializers.CharField(), help_text="Names of the rules that pinned or boosted it."
    )


class HitSerializer(ItemFields):
    score = serializers.FloatField(help_text="From 0 to 1; hits are ranked by it, except pinned ones.")
    rerank_score = serializers.FloatField(
        allow_null=True, help_text="From 0 to 1, for reranked hits, which come first and are ordered by it."
    )
    by_picture = serializers.BooleanField(help_text="True if its picture is closer than any of its passages.")
    close = serializers.BooleanField(help_text="False for a hit that only fills up the page.")
    pinned = serializers.BooleanField(help_text="True if a rule fixed its position, whatever its score.")
    highlights = HighlightsSerializer(allow_null=True)
    passage = serializers.CharField(allow_null=True, help_text="The best passage, shortened.")
    explanation = ExplanationSerializer(allow_null=True)


class FacetValueSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    count = serializers.IntegerField()


class FacetStatsSerializer(serializers.Serializer[Any]):
    min = serializers.FloatField()
    max = serializers.FloatField()


class CorrectionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="The query that was searched for instead.")
    words = serializers.DictField(child=serializers.CharField(), help_text="Each mistyped word and its correction.")


class SearchResponseSerializer(serializers.Serializer[Any]):
    hits = HitSerializer(many=True)
    query = serializers.CharField()
    correction = CorrectionSerializer(allow_null=True)
    phrases = serializers.ListField(
        child=serializers.CharField(), help_text="Quoted phrases, which every hit contains."
    )
    excluded = serializers.ListField(
        child=serializers.CharField(), help_text="Words and phrases after a minus, which no hit contains."
    )
    personalized = serializers.BooleanField(help_text="Whether a taste is known and was taken into account.")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Hits on all pages.")
    close_total = serializers.IntegerField(help_text="Hits that are close to the query.")
    exhaustive = serializers.BooleanField(
        help_text="Whether these are all the close items there are. If not, there may be more than `close_total`, and "
        "facets and a sort cover the best ones."
    )
    facets = serializers.DictField(child=FacetValueSerializer(many=True))
    facet_stats = serializers.DictField(child=FacetStatsSerializer())
    processing_ms = serializers.FloatField()
    semantic_hit_count = serializers.IntegerField(help_text="Close hits that contain none of the words.")
    reranked = serializers.BooleanField()
    rerank_reason = serializers.CharField(help_text="Why the hits are not reranked although reranking was requested.")
    degraded = serializers.BooleanField(
        help_text="True when search by meaning was unavailable and only words were matched."
    )
    degraded_reason = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    request_id = serializers.CharField()


class SuggestionSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["query", "item"], help_text="A popular query, or an item.")
    text = serializers.CharField(help_text="The query, or the item's title.")
    id = serializers.IntegerField(allow_null=True, help_text="The item's id.")
    url = serializers.CharField(help_text="The query's results page, or the item's page.")


class SuggestResponseSerializer(serializers.Serializer[Any]):
    suggestions = SuggestionSerializer(many=True)


class SimilarResponseSerializer(serializers.Serializer[Any]):
    hits = HitSerializer(many=True)


def describe_suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "kind": suggestion.kind,
        "text": suggestion.text,
        "id": suggestion.item.pk if suggestion.item else None,
        "url": suggestion.address,
    }


def describe_hit(hit: Hit) -> dict[str, Any]:
    return {
        **item_fields(hit.item),
        "score": round(hit.score, 6),
        "rerank_score": None if hit.rerank_score is None else round(hit.rerank_score, 6),
        "by_picture": hit.by_picture,
        "close": hit.close,
        "pinned": hit.pinned,
        "highlights": _highlights(hit),
        "passage": hit.passage.text if hit.passage else None,
        "explanation": asdict(hit.explanation) if hit.explanation else None,
    }


def _highlights(hit: Hit) -> dict[str, Any] | None:
    if not hit.title_parts:
        return None
    return {"title": _parts(hit.title_parts), "passage": _parts(hit.passage.parts if hit.passage else ())}


def _parts(parts: Iterable[Part]) -> list[dict[str, str]]:
    return [{"text": part.text, "kind": part.kind} for part in parts]
