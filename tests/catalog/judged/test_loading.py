"""Judgements from files, with the line of each rejected row."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.importing.rows import FileUnreadable
from catalog.judged import loading
from catalog.judged.loading import load_file, load_folder
from catalog.judged.sets import SetRefused, create_set
from catalog.models import JudgedSet, Judgement
from tests.catalog.judged.encoders import collection_of, write_collection
from tests.factories import make_items

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged_set() -> JudgedSet:
    make_items([{"external_id": "a"}, {"external_id": "b"}])
    return create_set(name="Films")


def kept(judged_set: JudgedSet) -> set[tuple[str, str, int]]:
    rows = Judgement.objects.filter(query__judged_set=judged_set)
    return set(rows.values_list("query__text", "item__external_id", "grade"))


@pytest.mark.parametrize(
    "text",
    [
        "query,item,grade\nship,a,3\nShip,b,0\nstorm,,\n",
        "query\titem\tgrade\nship\ta\t3.0\nship\tb\t0\nstorm\t\t\n",
        "grade;external_id;Query\n3;a;ship\n0;b;ship\n;;storm\n",
    ],
)
def test_rows_of_any_separator_are_kept_and_a_query_may_stand_alone(judged_set, text):
    loaded = load_file(judged_set, BytesIO(text.encode()))
    assert (loaded.queries, loaded.judgements, loaded.faults) == (2, 2, [])
    assert kept(judged_set) == {("ship", "a", 3), ("ship", "b", 0)}


def test_what_is_wrong_with_a_row_is_told_with_its_line_and_the_others_are_kept(judged_set):
    text = "query,item,grade\nship,a,4\n,a,1\nship,gone,1\nship,b\nship,b,high\nship,b,2\nship,b,-1\nship,b,1.5\n"
    loaded = load_file(judged_set, BytesIO(text.encode()))
    assert kept(judged_set) == {("ship", "b", 2)}
    assert (loaded.judgements, loaded.rejected) == (1, 7)
    assert [(fault.line, fault.reason) for fault in loaded.faults] == [
        (2, "A grade must be 0, 1, 2 or 3, not “4”."),
        (3, "A query needs a text."),
        (4, "There is no item “gone”."),
        (5, "The row has 2 cells but the header has 3."),
        (6, "A grade must be 0, 1, 2 or 3, not “high”."),
        (8, "A grade must be 0, 1, 2 or 3, not “-1”."),
        (9, "A grade must be 0, 1, 2 or 3, not “1.5”."),
    ]


def test_a_later_row_replaces_an_earlier_one(judged_set):
    load_file(judged_set, BytesIO(b"query,item,grade\nship,a,1\nSHIP,a,2\n"))
    load_file(judged_set, BytesIO(b"query,item,grade\nship,b,1\n"))
    assert kept(judged_set) == {("ship", "a", 2), ("ship", "b", 1)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must name the columns"),
        ("item,grade\na,1\n", "named “query”"),
        ("query,item\nship,a\n", "named “grade”"),
        ("query-id,corpus-id,score\n1,a,1\n", "names queries by id"),
    ],
)
def test_a_file_without_the_columns_is_refused(judged_set, text, reason):
    with pytest.raises(FileUnreadable, match=reason):
        load_file(judged_set, BytesIO(text.encode()))


def test_a_file_is_bounded(judged_set, monkeypatch):
    rows = b"query,item,grade\n" + b"ship,a,1\n" * 4
    monkeypatch.setattr(loading, "MOST_ROWS", 3)
    with pytest.raises(FileUnreadable, match="more than 3 rows"):
        load_file(judged_set, BytesIO(rows))
    many = b"query\n" + b"".join(b"query %d\n" % number for number in range(1_001))
    monkeypatch.setattr(loading, "MOST_ROWS", 10_000)
    with pytest.raises(SetRefused, match="at most 1,000 queries"):
        load_file(judged_set, BytesIO(many))
    assert not judged_set.queries.exists()


def test_faults_kept_are_bounded_and_all_are_counted(judged_set):
    loaded = load_file(judged_set, BytesIO(b"query,item,grade\n" + b"ship,gone,1\n" * 150))
    assert (loaded.rejected, len(loaded.faults)) == (150, 100)


def test_a_folder_in_the_beir_form_is_loaded(judged_set, tmp_path):
    given = collection_of({}, {"q1": "ship", "q2": "storm"}, {"q1": {"a": 2.0, "gone": 1.0}, "q2": {"b": 0.0}})
    loaded = load_folder(judged_set, write_collection(tmp_path, given))
    assert kept(judged_set) == {("ship", "a", 2), ("storm", "b", 0)}
    assert [(fault.line, fault.reason) for fault in loaded.faults] == [(3, "There is no item “gone”.")]


def test_the_command_loads_either_into_the_set_that_it_names(judged_set, tmp_path: Path, capsys):
    table = tmp_path / "table.csv"
    table.write_text("query,item,grade\nship,a,1\nship,gone,1\n")
    call_command("load_judgements", str(table), "--set", "Films")
    printed = capsys.readouterr()
    assert printed.out == "“Films”: judgements kept: 1; new queries: 1.\n"
    assert printed.err == "Line 3: There is no item “gone”.\nRows left out: 1.\n"
    folder = write_collection(tmp_path / "own", collection_of({}, {"q": "ship"}, {"q": {"b": 2.0}}))
    call_command("load_judgements", str(folder))
    assert kept(JudgedSet.objects.get(name="own")) == {("ship", "b", 2)}
    with pytest.raises(CommandError):
        call_command("load_judgements", str(tmp_path))
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="named “query”"):
        call_command("load_judgements", str(tmp_path / "wrong.csv"))
    assert not JudgedSet.objects.filter(name="wrong").exists()
