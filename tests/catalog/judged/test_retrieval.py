"""Judged collections, and exact retrieval worked out by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from catalog.judged.collection import read_collection
from catalog.judged.retrieval import encode_documents, measure_retrieval, rankings
from tests.catalog.judged.encoders import WordCounter, collection_of, write_collection

DOCUMENTS = {
    "d1": "ship ship storm",
    "d2": "storm ship",
    "d3": "robot love",
    "empty": "",
    "long": "town town town town town town love love love love love love",
}
TINY = collection_of(
    DOCUMENTS,
    {"q1": "storm", "q2": "love"},
    {"q1": {"d1": 1.0, "d3": 0.0}, "q2": {"d3": 1.0, "long": 2.0}},
    {"d1": "ship"},
)


def test_a_document_counts_by_its_best_passage():
    documents = encode_documents(WordCounter(), DOCUMENTS)
    # The window of six words splits the long text into passages that overlap by three.
    assert list(documents.ids) == ["d1", "d2", "d3", "long"]
    assert [len(passage.split()) for passage in documents.passages[3:]] == [6, 6, 6]
    assert documents.starts.tolist() == [0, 1, 2, 3]
    assert documents.owners().tolist() == [0, 1, 2, 3, 3, 3]
    cosines = documents.scores(WordCounter().encode_queries(["love"]))[0]
    np.testing.assert_allclose(cosines, [0, 0, math.sqrt(0.5), 1], atol=5e-3)


def test_rankings_are_by_cosine():
    encoder = WordCounter()
    found = rankings(encoder, TINY.queries, encode_documents(encoder, DOCUMENTS))
    assert {query: ranking[:2] for query, ranking in found.items()} == {"q1": ["d2", "d1"], "q2": ["long", "d3"]}
    assert {query: len(ranking) for query, ranking in found.items()} == {"q1": 4, "q2": 4}


def test_measures_are_those_of_the_rankings():
    measured = measure_retrieval(WordCounter(), TINY)
    second = 1 / math.log2(3)
    assert measured.ndcg_by_query == pytest.approx((second, 1.0))
    assert measured.ndcg_at_10 == pytest.approx((second + 1) / 2)
    assert measured.recall_at_100 == 1
    assert measured.mrr_at_10 == pytest.approx((1 / 2 + 1) / 2)


def test_a_document_that_is_the_query_is_no_answer_to_it():
    asked = collection_of({"d1": "ship storm", "d2": "storm ship town"}, {"d1": "ship storm"}, {"d1": {"d2": 1.0}})
    assert measure_retrieval(WordCounter(), asked).mrr_at_10 == 1


def test_nothing_is_found_among_no_documents():
    measured = measure_retrieval(WordCounter(), collection_of({}, {"q": "love"}, {"q": {"gone": 1.0}}))
    assert measured.ndcg_by_query == (0.0,)


def test_a_sample_keeps_what_is_judged():
    sample = TINY.among(2)
    assert set(sample.documents) == {"d1", "d3", "long"}
    assert set(TINY.among(4).documents) > set(sample.documents)
    assert sample.queries == TINY.queries
    only = TINY.asking(["q2"])
    assert (dict(only.queries), set(only.judgements), len(only.documents)) == ({"q2": "love"}, {"q2"}, 5)


def test_a_collection_is_read_with_the_queries_that_have_an_answer(tmp_path):
    folder = write_collection(tmp_path / "tiny", TINY)
    with (folder / "queries.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "q3", "text": "nobody judged"}) + "\n")
    with (folder / "corpus.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "d9", "title": "Harbour", "text": "a ship"}) + "\n")
    read = read_collection(folder)
    assert (read.name, dict(read.queries)) == ("tiny", {"q1": "storm", "q2": "love"})
    assert read.judgements == TINY.judgements
    assert read.documents["d9"] == "Harbour\na ship"
    assert read.titles == {"d9": "Harbour"}


def test_a_collection_without_an_answered_query_is_refused(tmp_path):
    write_collection(tmp_path / "none", collection_of({"d": "x"}, {"q": "y"}, {"q": {"d": 0.0}}))
    with pytest.raises(ValueError, match="none: no query has a relevant document"):
        read_collection(tmp_path / "none")
