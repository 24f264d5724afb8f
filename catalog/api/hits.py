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
    keyword_rank = serializers.IntegerField(allow_null=True, help_text="Place by words alone.")
    terms = serializers.DictField(child=serializers.FloatField(), help_text="What each stem adds to the BM25 score.")
    title_overlap = serializers.FloatField(help_text="Jaccard index of the words of query and title.")
    all_words = serializers.BooleanField(help_text="Whether the item holds all the words of a query of two to four.")
    neighbours = serializers.FloatField(help_text="How much of the query's neighbouring words it has side by side.")
    cosine = serializers.FloatField(allow_null=True, help_text="Of the best passage and the query.")
    feedback_cosine = serializers.FloatField(
        allow_null=True, help_text="The same after the query has been moved towards its best hits."
    )
    semantic_contribution = serializers.FloatField(help_text="What the meaning adds to the score.")
    semantic_rank = serializers.IntegerField(allow_null=True, help_text="Place by meaning alone.")
    cutoff = serializers.FloatField(help_text="The cosine from which on a passage is close.")
    rerank_score = serializers.FloatField(allow_null=True)
    place_before_rerank = serializers.IntegerField(allow_null=True, help_text="From 1.")
    taste = serializers.FloatField(help_text="What the taste of whoever asks adds to the score.")
    boost = serializers.FloatField(help_text="What rules add to the score, as far as it stays between 0 and 1.")
    rules = serializers.ListField(child=serializers.CharField(), help_text="Names of those that pinned or boosted it.")


class HitSerializer(ItemFields):
    score = serializers.FloatField(help_text="From 0 to 1; the ranking follows it, but for what is pinned.")
    rerank_score = serializers.FloatField(
        allow_null=True, help_text="From 0 to 1, of hits that were reranked: they come first, in the order of it."
    )
    by_picture = serializers.BooleanField(help_text="True where its picture is closer than any of its passages.")
    close = serializers.BooleanField(help_text="False for a hit that only fills the page.")
    pinned = serializers.BooleanField(help_text="True where a rule gave it its place, whatever its score.")
    highlights = HighlightsSerializer(allow_null=True)
    passage = serializers.CharField(allow_null=True, help_text="The best passage, cut to size.")
    explanation = ExplanationSerializer(allow_null=True)


class FacetValueSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    count = serializers.IntegerField()


class FacetStatsSerializer(serializers.Serializer[Any]):
    min = serializers.FloatField()
    max = serializers.FloatField()


class CorrectionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="What was looked for in place of the query.")
    words = serializers.DictField(child=serializers.CharField(), help_text="What each mistyped word was taken for.")


class SearchResponseSerializer(serializers.Serializer[Any]):
    hits = HitSerializer(many=True)
    query = serializers.CharField()
    correction = CorrectionSerializer(allow_null=True)
    phrases = serializers.ListField(
        child=serializers.CharField(), help_text="Phrases in quotes, which every hit holds."
    )
    excluded = serializers.ListField(
        child=serializers.CharField(), help_text="What a minus stood before, which no hit holds."
    )
    personalized = serializers.BooleanField(help_text="Whether a taste is known and was taken into account.")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Hits on all pages together.")
    close_total = serializers.IntegerField(help_text="Hits that are close to the query.")
    facets = serializers.DictField(child=FacetValueSerializer(many=True))
    facet_stats = serializers.DictField(child=FacetStatsSerializer())
    processing_ms = serializers.FloatField()
    semantic_hit_count = serializers.IntegerField(help_text="Close hits that hold none of the words.")
    reranked = serializers.BooleanField()
    rerank_reason = serializers.CharField(help_text="Why the hits are not reranked although that was asked for.")
    degraded = serializers.BooleanField(help_text="True when meaning could not be asked for: words alone decided.")
    degraded_reason = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    request_id = serializers.CharField()


class SuggestionSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["query", "item"], help_text="A query that many asked, or an item.")
    text = serializers.CharField(help_text="The query, or the item's title.")
    id = serializers.IntegerField(allow_null=True, help_text="The item's.")
    url = serializers.CharField(help_text="The page of its results, or the item's.")


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
