"""Public collections are converted into what `evaluate` reads."""

import json

import pytest

from benchmarks.convert import CONVERTERS, LEAST_LISTENERS
from catalog.judged.beir import documents_in, judged_queries

SMART_DOCUMENTS = """.I 1
.T
Extraction of Roots by
Repeated Subtractions
.B
CACM December, 1958
.I 2
.T
Time Sharing
.W
A system that several people use.
It answers each.
.X
1\t5\t2
"""
SMART_QUERIES = ".I 7\n.W\nWhat shares time?\n.N\n 1. Somebody\n"
FILES = {
    "cacm": {"cacm.all": SMART_DOCUMENTS, "query.text": SMART_QUERIES, "qrels.text": "07 0002 0 0\n\n"},
    "cisi": {"CISI.ALL": SMART_DOCUMENTS, "CISI.QRY": SMART_QUERIES, "CISI.REL": "     7      2\t0\t0.000000\n"},
    "npl": {
        "doc-text": "1\nextraction of roots by\nrepeated subtractions\n   /\n2\na system\n   /\n",
        "query-text": "7\nWHAT SHARES TIME\n/\n",
        "rlv-ass": "7\n  2 1\n   /\n",
    },
}


@pytest.fixture
def convert(tmp_path):
    def write(name, files):
        source, target = tmp_path / "source", tmp_path / name
        source.mkdir()
        target.mkdir()
        for file, content in files.items():
            (source / file).write_text(content, encoding="utf-8")
        CONVERTERS[name](source, target)
        return target

    return write


@pytest.mark.parametrize("name", ["cacm", "cisi"])
def test_documents_and_queries_of_the_smart_format_keep_title_and_text(convert, name):
    folder = convert(name, FILES[name])
    assert [*documents_in(folder)] == [
        ("1", "Extraction of Roots by Repeated Subtractions", ""),
        ("2", "Time Sharing", "A system that several people use. It answers each."),
    ]
    queries, judgements = judged_queries(folder)
    assert queries == [("7", "What shares time?")]
    assert judgements["7"] == {"2": 1.0}


def test_npl_is_read_record_by_record(convert):
    folder = convert("npl", FILES["npl"])
    assert [*documents_in(folder)] == [("1", "", "extraction of roots by repeated subtractions"), ("2", "", "a system")]
    queries, judgements = judged_queries(folder)
    assert queries == [("7", "what shares time")]
    assert judgements["7"] == {"2": 1.0, "1": 1.0}


def test_artists_with_few_listeners_are_left_out(convert):
    listeners = [f"{person}\t1\t9" for person in range(LEAST_LISTENERS)]
    files = {
        "artists.dat": 'id\tname\turl\tpictureURL\n1\tThe "Harbour\tu\tp\n2\tNobody\tu\tp\n',
        "user_artists.dat": "\n".join(["userID\tartistID\tweight", *listeners, "0\t2\t9", "0\t3\t9"]) + "\n",
    }
    folder = convert("lastfm", files)
    rows = [json.loads(line) for line in (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows == [{"id": "1", "title": 'The "Harbour'}]
    events = (folder / "interactions.csv").read_text().splitlines()
    assert events == ["user_id,item_id,rating,timestamp", *(f"{n},1,5,1000000000" for n in range(LEAST_LISTENERS))]
