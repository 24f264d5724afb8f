"""What an encoder learns from, worked out by hand."""

from __future__ import annotations

from catalog.adaptation.examples import mine_examples, part_queries, title_examples
from catalog.judged.retrieval import encode_documents
from tests.catalog.judged.encoders import WordCounter, collection_of

DOCUMENTS = {
    "ship": "ship ship ship storm",
    "same": "ship ship ship storm storm robot",
    "near": "ship robot",
    "far": "town",
    "judged": "ship",
}
TINY = collection_of(DOCUMENTS, {"q": "ship storm"}, {"q": {"ship": 1.0, "judged": 0.0, "gone": 1.0}})


def test_negatives_are_near_but_neither_judged_nor_closer_than_the_positive():
    encoder = WordCounter()
    (example,) = mine_examples(encoder, TINY, encode_documents(encoder, DOCUMENTS))
    assert (example.query, example.document, example.positive) == ("ship storm", "ship", "ship ship ship storm")
    # The cosines with the query: ship .89, same .95, near .50, far 0; judged documents are not used as negatives.
    assert [document for document, _ in example.negatives] == ["near", "far"]
    assert example.answers == {"ship", "gone"}


def test_titles_ask_for_the_rest_of_their_documents():
    collection = collection_of(
        {"a": "Jaws\nA shark.", "b": "Alone", "c": "No title here."}, {}, {}, titles={"a": "Jaws", "b": "Alone"}
    )
    (example,) = title_examples(collection, most=10)
    assert (example.query, example.positive, example.answers) == ("Jaws", "A shark.", {"a"})
    assert title_examples(collection, most=0) == []


def test_queries_are_parted_the_same_way_every_time():
    queries = [f"query {number}" for number in range(100)]
    parts = part_queries(queries, held_out=0.3, stopping=0.2)
    assert (len(parts.learning), len(parts.stopping), len(parts.held_out)) == (56, 14, 30)
    assert parts.learning | parts.stopping | parts.held_out == set(queries)
    assert part_queries(queries[::-1], held_out=0.3, stopping=0.2) == parts


def test_the_newest_queries_are_held_out_where_times_are_known():
    times = {f"query {number}": float(number) for number in range(10)}
    parts = part_queries(list(times), held_out=0.2, stopping=0.25, asked_at=times)
    assert parts.held_out == {"query 8", "query 9"}
