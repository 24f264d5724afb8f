"""Search measured on a judged collection of five documents, worked out by hand."""

import json
import math

import pytest

from catalog.judged.evaluation import DegradedEvaluation, evaluate_search, load_collection
from catalog.models import Item
from tests.factories import make_version

pytestmark = pytest.mark.django_db
CORPUS = [
    {"_id": "d1", "title": "Whale", "text": "whale whale whale"},
    {"_id": "d2", "title": "", "text": "One whale in a long story of ships, harbours, captains and storms at sea."},
    {"_id": "d3", "title": "Desert", "text": "Sand and camels."},
    {"_id": "d4", "title": "Oasis", "text": "Palms and camels and water."},
    {"_id": "d5", "text": "Nobody asks for this."},
]
QUERIES = [
    {"_id": "q1", "text": "whale"},
    {"_id": "q2", "text": "camels sand"},
    {"_id": "q3", "text": "not judged"},
    {"_id": "q4", "text": "judged as not relevant"},
    {"_id": "q5", "text": "zeppelin"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td3\t2\nq2\td4\t1\nq4\td5\t0\nq5\td5\t1\n"


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (folder / "qrels.tsv").write_text(QRELS)
    return folder


@pytest.mark.parametrize(
    ("query", "passed_over"),
    [
        ({"_id": "d4", "text": "Palms and camels and water."}, True),
        # Different documents and queries may have the same ids.
        ({"_id": "d4", "text": "camels, palms and water"}, False),
    ],
)
def test_a_document_that_is_the_query_is_no_answer_to_it(collection, query, passed_over):
    (collection / "queries.jsonl").write_text(json.dumps(query))
    (collection / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nd4\td3\t1\n")
    load_collection(collection)
    first = 1.0 if passed_over else 0.5
    assert evaluate_search(collection, semantic_ratio=0).means.mrr_at_10 == first


def test_a_document_that_is_the_query_counts_where_it_is_judged(collection):
    (collection / "queries.jsonl").write_text(json.dumps({"_id": "d3", "text": "Sand and camels."}))
    (collection / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nd3\td3\t1\n")
    load_collection(collection)
    assert evaluate_search(collection, semantic_ratio=0).means.mrr_at_10 == 1.0


def test_documents_become_items(collection):
    assert load_collection(collection) == 5
    assert dict(Item.objects.values_list("external_id", "title"))["d5"] == ""
    assert Item.objects.get(external_id="d1").body == "whale whale whale"


def test_means_are_over_the_queries_with_a_relevant_document(collection):
    load_collection(collection)
    figures = evaluate_search(collection, semantic_ratio=0)
    # q1 finds its document second, q2 finds both in the right order, q5 finds nothing; q3 and q4 do not count.
    second = 1 / math.log2(3)
    assert figures.means.ndcg_at_10 == pytest.approx((second + 1 + 0) / 3)
    assert figures.means.recall_at_100 == pytest.approx((1 + 1 + 0) / 3)
    assert figures.means.mrr_at_10 == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert figures.as_json() == {
        "method": "serving",
        "collection": "tiny",
        "queries": 3,
        "ndcg@10": round((second + 1) / 3, 4),
        "recall@100": 0.6667,
        "mrr@10": 0.5,
    }


def test_figures_of_words_alone_are_not_passed_off_as_those_of_hybrid_search(collection):
    load_collection(collection)
    make_version()
    with pytest.raises(DegradedEvaluation, match="no encoder backend"):
        evaluate_search(collection)


def test_a_collection_without_judged_queries_is_refused(collection):
    (collection / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq4\td5\t0\n")
    with pytest.raises(ValueError, match="tiny: no query has a relevant document"):
        evaluate_search(collection, semantic_ratio=0)
