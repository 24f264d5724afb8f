"""Collections as found on the web."""

import json

import pytest

from catalog.judged.beir import documents_in, judged_queries, judgements_in, queries_in, read_judgements
from catalog.search.queries import MAX_TEXT_CHARACTERS

QRELS = "query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td3\t2\nq2\td4\t1\nq4\td5\t0\n"


def write_rows(path, *rows):
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")


def test_judgements_are_grades_by_query_and_document(tmp_path):
    (tmp_path / "qrels.tsv").write_text(QRELS)
    judged = read_judgements(judgements_in(tmp_path))
    assert judged["q2"] == {"d3": 2.0, "d4": 1.0}
    assert judged["q3"] == {}


@pytest.mark.parametrize("name", ["test.tsv", "dev.tsv"])
def test_judgements_may_lie_in_a_folder_of_their_own(tmp_path, name):
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / name).write_text(QRELS)
    assert judgements_in(tmp_path) == tmp_path / "qrels" / name


def test_a_folder_without_judgements_is_told_what_is_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none of qrels\.tsv, qrels/test\.tsv"):
        judgements_in(tmp_path)


def test_judgements_without_a_heading_are_refused(tmp_path):
    (tmp_path / "qrels.tsv").write_text("q1\t0\td2\t1\n")
    with pytest.raises(ValueError, match=r"qrels\.tsv has no header line with corpus-id, query-id, score"):
        read_judgements(tmp_path / "qrels.tsv")


def test_documents_may_lack_a_title_or_a_text_and_have_numbers_for_ids(tmp_path):
    write_rows(
        tmp_path / "corpus.jsonl",
        {"_id": 7, "title": None, "text": "A text."},
        {"_id": "d2", "title": "A title", "metadata": {}},
        {"_id": "d3", "title": "Cut\0off", "text": "half of a character: \ud83d"},
    )
    assert list(documents_in(tmp_path)) == [
        ("7", "", "A text."),
        ("d2", "A title", ""),
        ("d3", "Cut off", "half of a character: ?"),
    ]


def test_of_a_query_longer_than_a_search_takes_the_beginning_is_asked(tmp_path):
    long = "word " * MAX_TEXT_CHARACTERS
    write_rows(tmp_path / "queries.jsonl", {"_id": 1, "text": long}, {"_id": "q2", "text": "short"})
    assert queries_in(tmp_path) == {"1": long[:MAX_TEXT_CHARACTERS], "q2": "short"}


def test_queries_without_a_relevant_document_are_left_out(tmp_path):
    (tmp_path / "qrels.tsv").write_text(QRELS)
    write_rows(tmp_path / "queries.jsonl", *({"_id": f"q{number}", "text": "words"} for number in range(1, 5)))
    assert [query for query, _ in judged_queries(tmp_path)[0]] == ["q1", "q2"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "line 2 is not JSON"), ("[]", "not an object with an _id"), ("{}", "not an object with an _id")],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, line, reason):
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "text": "fine"}\n' + line + "\n")
    with pytest.raises(ValueError, match=reason):
        list(documents_in(tmp_path))
