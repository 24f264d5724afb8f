"""Queries whose answers this catalogue knows: judged, clicked, or its titles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.judged.catalogue import (
    FEWEST_QUERIES,
    clicked_queries,
    collection_of,
    judged_queries,
    known_queries,
    title_queries,
)
from catalog.models import SearchIntent
from tests.factories import make_item, make_items, make_set, make_version

pytestmark = pytest.mark.django_db


def searched(text: str, clicks: list[list[int]], *, days_ago: int = 0) -> None:
    moment = timezone.now() - timedelta(days=days_ago)
    fields: dict[str, Any] = dict.fromkeys(("filtered", "degraded"), False)
    SearchIntent.objects.create(
        source="page", asker=1, text=text, folded=text.lower(), started_at=moment, last_at=moment, request_ids=[],
        shown=[], total=1, close_total=1, semantic_ratio=0.5, processing_ms=1.0, clicks=clicks,
        best_click=min((place for _, place in clicks), default=None), **fields,
    )  # fmt: skip


@pytest.fixture
def ids() -> dict[str, int]:
    return make_items([{"external_id": f"i{n}", "title": f"Title {n}", "body": f"Body {n}"} for n in range(40)])


def test_clicks_are_grades_by_query_with_the_time_it_was_asked_last(ids):
    searched("Ship", [[ids["i1"], 1], [ids["i2"], 4]], days_ago=3)
    searched("ship", [[ids["i1"], 2]], days_ago=1)
    searched("storm", [])
    known = clicked_queries()
    assert known.grades == {"ship": {ids["i1"]: 2.0, ids["i2"]: 1.0}}
    assert known.asked_at["ship"] == pytest.approx((timezone.now() - timedelta(days=1)).timestamp(), abs=60)


def test_judgements_of_all_sets_are_known_by_their_mean(ids):
    make_set("One", {"ship": {ids["i1"]: 2, ids["i2"]: 0}, "storm": {ids["i3"]: 0}})
    make_set("Other", {"ship": {ids["i1"]: 3}, "robot": {}})
    assert judged_queries().grades == {"ship": {ids["i1"]: 2.5, ids["i2"]: 0.0}}


def test_the_best_source_that_is_large_enough_is_taken(ids):
    assert known_queries(most=10).source == "titles"
    for number in range(FEWEST_QUERIES):
        searched(f"query {number}", [[ids["i1"], 1]])
    assert known_queries(most=10).source == "clicks"
    make_set("Judged", {f"judged {number}": {ids["i2"]: 1} for number in range(FEWEST_QUERIES)})
    assert known_queries(most=10).source == "judgements"


def test_titles_ask_for_the_text_of_their_item_without_the_title(ids):
    known = title_queries(most=20)
    assert 10 <= len(known.grades) <= 20
    collection = collection_of(known, version=make_version(), most_queries=5, most_documents=12)
    assert len(collection.queries) == 5
    assert len(collection.documents) == 12
    for query, grades in collection.judgements.items():
        assert [collection.documents[document] for document in grades] == [query.replace("Title", "Body")]
    assert collection.titles == {}


def test_other_sources_ask_for_documents_as_the_version_renders_them(ids):
    searched("ship", [[ids["i1"], 1]])
    unpublished = make_item("hidden", published=False)
    searched("secret", [[unpublished.pk, 1]])
    version = make_version(document_template="{{ title }}: {{ body }}")
    collection = collection_of(clicked_queries(), version=version, most_queries=9, most_documents=3, also=[ids["i7"]])
    assert collection.queries == {"ship": "ship"}
    assert collection.documents[str(ids["i1"])] == "Title 1: Body 1"
    assert str(ids["i7"]) in collection.documents
    assert str(unpublished.pk) not in collection.documents
    assert collection.titles[str(ids["i1"])] == "Title 1"


def test_an_empty_catalogue_knows_nothing():
    assert known_queries(most=10).grades == {}
