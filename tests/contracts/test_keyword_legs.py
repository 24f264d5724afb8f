"""What every keyword leg promises. A new one gets a line in LEGS."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.search import SearchQuery, search
from catalog.search.lexical import read_words
from tests.factories import add_passages, make_items, make_version

LEGS = ["catalog.search.postings.PostingLists", "tests.catalog.search.full_text_leg.FullTextLeg"]
ROWS = [
    {"external_id": "whale", "title": "The whale", "body": "A white whale and a ship.", "attributes": {"year": 1851}},
    {"external_id": "ship", "title": "The ship", "body": "A ship in the storm.", "attributes": {"year": 1900}},
    {"external_id": "city", "title": "The city", "body": "Rain in the streets.", "attributes": {"year": 1950}},
]


@pytest.fixture(params=LEGS)
def ids(request: pytest.FixtureRequest, settings: Any, db: None) -> dict[str, int]:
    settings.KEYWORD_LEG = request.param
    return make_items(ROWS)


def found(text: str, **options: object) -> list[str]:
    results = search(SearchQuery(text=text, semantic_ratio=0, **options))  # type: ignore[arg-type]
    return [hit.item.external_id for hit in results.hits]


def test_items_are_found_by_any_of_the_words_the_best_first(ids: dict[str, int]):
    assert found("whale ships") == ["whale", "ship"]
    assert found("rain") == ["city"]
    assert found("nowhere") == []
    assert found("'; -- | & !") == []


def test_a_filter_is_kept_to(ids: dict[str, int]):
    assert found("whale ship", filter="year >= 1900") == ["ship"]


def test_scores_stay_within_the_bound_and_explanations_name_the_words(ids: dict[str, int]):
    bound = read_words("whale storm").score_bound
    for hit in search(SearchQuery(text="whale storm", semantic_ratio=0, explain=True)).hits:
        assert 0 < hit.keyword_score <= bound
        assert 0 < hit.score <= 1
        assert hit.explanation is not None
        assert hit.explanation.terms.keys() == ({"whale"} if hit.item.external_id == "whale" else {"storm"})


def test_what_meaning_finds_is_scored_by_words_too(ids: dict[str, int]):
    version = make_version()
    add_passages(version, {ids["city"]: [[1, 0, 0]], ids["whale"]: [[0, 1, 0]]})
    hits = search(SearchQuery(text="whale", vector=(1.0, 0.0, 0.0))).hits
    assert {hit.item.external_id: hit.keyword_score > 0 for hit in hits} == {"city": False, "whale": True}


def test_a_hit_that_holds_most_of_the_words_is_close(ids: dict[str, int]):
    close = {hit.item.external_id: hit.close for hit in search(SearchQuery(text="white whale storm")).hits}
    assert close == {"whale": True, "ship": False}
