"""The second stage: the best hits in the cross-encoder's order, on every page, or a reason why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.embedding.reranker import reranker_for
from catalog.errors import InvalidQuery
from catalog.search import search
from catalog.search.queries import SearchQuery
from catalog.search.reranking import RERANKED_HITS, reranker_spec
from tests.catalog.conftest import STORIES
from tests.factories import make_rule

pytestmark = pytest.mark.django_db


def query(**fields: Any) -> SearchQuery:
    usual: dict[str, Any] = {"text": "story", "limit": 100, "rerank": True}
    return SearchQuery(**(usual | fields))


def names(results: Any) -> list[str]:
    return [hit.item.external_id for hit in results.hits]


def test_the_first_hits_follow_the_reranker_and_the_others_stay(reranker, stories):
    plain, reranked = search(query(rerank=False)), search(query())
    assert (plain.reranked, reranked.reranked, reranked.rerank_reason) == (False, True, "")
    top = reranked.hits[:RERANKED_HITS]
    scores = [hit.rerank_score or 0 for hit in top]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 10
    assert sorted(names(reranked)[:RERANKED_HITS]) == sorted(names(plain)[:RERANKED_HITS])
    assert names(reranked)[:RERANKED_HITS] != names(plain)[:RERANKED_HITS]
    assert names(reranked)[RERANKED_HITS:] == names(plain)[RERANKED_HITS:]
    assert {hit.rerank_score for hit in reranked.hits[RERANKED_HITS:]} == {None}
    assert len(reranked.hits) == STORIES


def test_the_reranker_reads_the_query_with_title_and_passage(reranker, stories):
    hit = search(query()).hits[0]
    spec = reranker_spec()
    assert spec is not None
    text = f"{hit.item.title}\n{hit.item.body.strip()}"
    alone = reranker_for(spec).scores("story", [text], budget_s=60)[0]
    assert hit.rerank_score == pytest.approx(float(alone), abs=0.02)


def test_scores_totals_and_facets_are_those_of_the_first_stage(reranker, stories):
    plain, reranked = search(query(rerank=False, facets=("category",))), search(query(facets=("category",)))
    assert (reranked.total, reranked.close_total, reranked.facets) == (plain.total, plain.close_total, plain.facets)
    assert {hit.item.pk: (hit.score, hit.close) for hit in plain.hits} == {
        hit.item.pk: (hit.score, hit.close) for hit in reranked.hits
    }


@pytest.mark.parametrize("size", [7, 20])
def test_pages_of_any_size_are_cut_from_the_same_order(reranker, stories, size: int):
    whole = names(search(query()))
    pages = [names(search(query(limit=size, offset=offset))) for offset in range(0, len(whole), size)]
    assert [name for page in pages for name in page] == whole


def test_close_hits_stay_above_the_others_where_they_are_first(reranker, stories):
    asked = {"close_first": True, "text": "story harbour", "semantic_ratio": 0.0}  # few are about a harbour
    plain, reranked = search(query(rerank=False, **asked)), search(query(**asked))
    close = [hit.close for hit in reranked.hits]
    assert reranked.reranked
    assert names(reranked) != names(plain)
    assert 0 < sum(close) < len(close)
    assert close == sorted(close, reverse=True)


def test_what_was_mistyped_is_reranked_as_it_was_put_right(reranker, stories):
    right, mistyped = search(query(text="hedgehog")), search(query(text="hedgehgo"))
    assert mistyped.correction is not None
    scores = {hit.item.pk: hit.rerank_score for hit in right.hits}
    assert {scores[hit.item.pk] for hit in mistyped.hits[:5]} == {hit.rerank_score for hit in mistyped.hits[:5]}


def test_pages_agree_although_the_reranker_is_gone_by_the_second(reranker, stories, settings):
    first = names(search(query(limit=10)))
    settings.RERANK_BUDGET_MS = 0.0
    assert names(search(query(limit=20)))[:10] == first


def test_without_time_the_first_stage_stands_on_every_page_and_says_why(reranker, stories, settings):
    settings.RERANK_BUDGET_MS = 0.0
    results = search(query(limit=10))
    assert (results.reranked, results.rerank_reason) == (False, "Reranking would take longer than 0 ms.")
    assert names(results) == names(search(query(limit=10, rerank=False)))
    assert {hit.rerank_score for hit in results.hits} == {None}
    settings.RERANK_BUDGET_MS = 60_000.0
    second = search(query(limit=10, offset=10))
    assert names(second) == names(search(query(limit=10, offset=10, rerank=False)))


def test_a_model_that_cannot_be_loaded_leaves_the_first_stage(stories, settings, tmp_path: Path):
    settings.RERANK_MODEL = str(tmp_path / "nowhere")
    settings.RERANK_BUDGET_MS = 60_000.0
    results = search(query())
    assert not results.reranked
    assert "cannot be loaded" in results.rerank_reason


def test_a_sort_is_not_overruled(reranker, stories):
    results = search(query(sort="title"))
    assert (results.reranked, results.rerank_reason) == (False, "The hits are sorted by another field.")
    assert names(results) == names(search(query(sort="title", rerank=False)))


def test_pinned_items_keep_their_places(reranker, stories):
    best = names(search(query()))
    make_rule("Second", queries="story", pins=[{"item": best[40], "position": 2}])
    reranked = search(query())
    assert reranked.reranked
    assert names(reranked) == [best[0], best[40], *best[1:40], *best[41:]]


def test_what_a_rule_adds_it_adds_to_the_second_stage_too(reranker, stories):
    best = names(search(query()))
    last = best[RERANKED_HITS - 1]
    make_rule("Lifted", queries="story", boosts=[{"filter": f'external_id = "{last}"', "amount": 1.0}])
    reranked = search(query())
    assert names(reranked)[0] == last
    lifted, second = (hit.rerank_score or 0 for hit in reranked.hits[:2])
    assert lifted < second


def test_the_explanation_tells_the_score_and_the_place_before(reranker, stories):
    before = names(search(query(rerank=False)))
    for hit in search(query(explain=True)).hits[:RERANKED_HITS]:
        assert hit.explanation is not None
        assert hit.explanation.rerank_score == hit.rerank_score
        assert before[(hit.explanation.place_before_rerank or 0) - 1] == hit.item.external_id


def test_where_there_is_no_reranker_or_no_text_asking_for_it_is_an_error(settings):
    settings.RERANK_MODEL = ""
    with pytest.raises(InvalidQuery, match="no reranker") as raised:
        search(query())
    assert (raised.value.field, raised.value.code) == ("rerank", "no_reranker")
    settings.RERANK_MODEL = "any"
    with pytest.raises(InvalidQuery, match="text query"):
        search(SearchQuery(vector=(1.0, 0.0), rerank=True))


def test_the_api_shows_it(reranker, stories, settings):
    found = Client().get("/api/v1/search", {"q": "story", "rerank": "true", "explain": "true"}).json()
    assert found["reranked"] is True
    scores = [hit["rerank_score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    explained = [hit["explanation"]["rerank_score"] for hit in found["hits"]]
    assert explained == pytest.approx(scores, abs=1e-6)
    settings.RERANK_MODEL = ""
    refused = Client().get("/api/v1/search", {"q": "story", "rerank": "true"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "rerank")
