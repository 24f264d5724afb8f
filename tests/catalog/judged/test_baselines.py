"""The baselines of an evaluation: plain BM25, plain cosines and their fusion by rank."""

import pytest

from catalog.judged.baselines import RRF_K, bm25, dense, fused_by_rank
from catalog.judged.evaluation import DegradedEvaluation, Found
from catalog.search import search
from catalog.search.queries import SearchQuery
from tests.factories import make_item, make_version

A, B, C = (Found(name, "") for name in "abc")


def test_fusion_adds_the_reciprocal_ranks_of_both():
    # c: 1 / 63 + 1 / 61 = 0.03227; b: 2 / 62 = 0.03226; a: 1 / 61 = 0.01639
    assert RRF_K == 60
    assert fused_by_rank([[A, B, C], [C, B]]) == [C, B, A]


def test_fusion_keeps_the_order_of_the_rankings_in_a_tie():
    assert fused_by_rank([[A], [B]]) == [A, B]


@pytest.mark.django_db
def test_bm25_has_no_part_of_the_ranking_that_is_served():
    make_item(external_id="name", title="Red shoes", body="A film about a dancer who cannot stop, told at length.")
    make_item(external_id="often", title="Shop", body="Red shoes, red shoes, red shoes and shoes, red.")
    make_item(external_id="none", title="Desert", body="Sand and camels.")
    served = [hit.item.external_id for hit in search(SearchQuery(text="red shoes")).hits]
    assert served[0] == "name"
    assert [document.id for document in bm25("red shoes")] == ["often", "name"]


@pytest.mark.django_db
def test_bm25_corrects_no_spelling():
    make_item("keeper", title="Lighthouse", body="A lighthouse keeper.")
    assert search(SearchQuery(text="lighthuose")).hits
    assert bm25("lighthuose") == []


@pytest.mark.django_db
def test_words_alone_do_not_pass_for_nearest_vectors():
    make_version()
    with pytest.raises(DegradedEvaluation):
        dense("red shoes")
