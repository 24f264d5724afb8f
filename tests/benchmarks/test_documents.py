"""Documents cut from the collections' texts."""

from __future__ import annotations

import json

import pytest

from benchmarks.parts.documents import documents, queries


@pytest.fixture
def data(tmp_path):
    text = " ".join(f"Sentence {number} of it." for number in range(1, 6))
    files = {
        "movies/items.jsonl": [{"title": "Film", "description": text}, {"title": "Unseen", "description": ""}],
        "scifact/corpus.jsonl": [{"title": "Paper", "text": "It is short."}],
        "cranfield/corpus.jsonl": [{"title": "Wing", "text": "a first part . a second part ."}],
        "scifact/queries.jsonl": [{"text": "a claim"}],
        "cranfield/queries.jsonl": [{"text": "a question"}],
        "movies-title/queries.jsonl": [{"text": "film"}, {"text": "a claim"}],
    }
    for name, rows in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("\n".join(json.dumps(row) for row in rows))
    return tmp_path


def test_documents_are_runs_of_three_and_of_two_sentences(data):
    found = {(document.title, document.body) for document in documents(data, count=9)}
    threes = [f"Sentence {n} of it. Sentence {n + 1} of it. Sentence {n + 2} of it." for n in (1, 2, 3)]
    twos = [f"Sentence {n} of it. Sentence {n + 1} of it." for n in (1, 2, 3, 4)]
    expected = {("Film", body) for body in threes + twos}
    assert found == expected | {("Paper", "It is short."), ("Wing", "a first part . a second part .")}


def test_fewer_documents_are_a_sample_of_more(data):
    assert documents(data, count=4) == documents(data, count=9)[:4]


def test_there_may_be_too_few(data):
    with pytest.raises(ValueError, match="9 documents"):
        documents(data, count=10)


def test_a_tenth_and_a_hundredth_of_the_documents_have_a_mark_in_common(data):
    attributes = [document.as_item()["attributes"] for document in documents(data, count=9)]
    assert attributes[7] == {"aisle": "a7", "shelf": "s7"}


def test_queries_are_asked_once(data):
    assert sorted(queries(data, count=9)) == ["a claim", "a question", "film"]
