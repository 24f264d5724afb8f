"""Query sets: what they accept, and judging."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from catalog.judged import sets
from catalog.judged.sets import SetRefused, add_queries, create_set, grades_of, judge, logged_queries, rename_set
from catalog.models import Item, JudgedSet, Judgement
from tests.catalog.judged.test_catalogue import searched
from tests.factories import make_items, make_set

pytestmark = pytest.mark.django_db


def texts(judged_set: JudgedSet) -> list[str]:
    return [query.text for query in judged_set.queries.all()]


def test_a_set_holds_each_query_once_whatever_its_case_and_spacing():
    judged_set = create_set(name="  Films \t", queries=["A lonely  robot", "École", "a LONELY robot"])
    assert (judged_set.name, texts(judged_set)) == ("Films", ["A lonely robot", "École"])
    assert add_queries(judged_set, ["école", "storm"]) == 1
    assert texts(judged_set) == ["A lonely robot", "École", "storm"]


@pytest.mark.parametrize(
    ("queries", "reason"),
    [
        ([" "], "needs a text"),
        (["x" * 201], "at most 200"),
        (["a\0b"], "invalid character"),
        (["\ud800"], "invalid character"),
    ],
)
def test_a_query_that_cannot_be_searched_for_is_refused_and_nothing_is_kept(queries, reason):
    with pytest.raises(SetRefused, match=reason):
        create_set(name="Films", queries=["fine", *queries])
    assert not JudgedSet.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\0b", "Taken"])
def test_a_name_that_is_none_or_taken_is_refused(name):
    create_set(name="Taken")
    with pytest.raises(SetRefused) as refused:
        create_set(name=name)
    assert refused.value.field == "name"
    other = create_set(name="Other")
    with pytest.raises(SetRefused):
        rename_set(other, name)
    assert JudgedSet.objects.filter(name="Other").exists()


def test_a_set_is_bounded(monkeypatch):
    monkeypatch.setattr(sets, "MOST_QUERIES", 3)
    judged_set = create_set(name="Films", queries=["a", "b"])
    with pytest.raises(SetRefused, match="at most 3 queries; this would make 4"):
        add_queries(judged_set, ["c", "d"])
    assert add_queries(judged_set, ["a", "c"]) == 1
    monkeypatch.setattr(sets, "MOST_SETS", 1)
    with pytest.raises(SetRefused, match="Delete one first"):
        create_set(name="Other")


def test_a_judgement_takes_the_place_of_an_earlier_one_and_says_who_made_it():
    ids = make_items([{"external_id": "a"}, {"external_id": "b"}])
    query = make_set("Films", {"ship": {ids["a"]: 1, ids["b"]: 2}}).queries.get()
    person = User.objects.create_user("judge")
    judge(query, {ids["a"]: 3}, judged_by=person)
    found = {row.item_id: (row.grade, row.judged_by) for row in Judgement.objects.select_related("judged_by")}
    assert found == {ids["a"]: (3, person), ids["b"]: (2, None)}


@pytest.mark.parametrize("grade", [-1, 4])
def test_grades_go_from_0_to_3(grade):
    ids = make_items([{"external_id": "a"}])
    query = make_set("Films", {"ship": {}}).queries.get()
    with pytest.raises(SetRefused, match="from 0 to 3"):
        judge(query, {ids["a"]: grade})
    with pytest.raises(IntegrityError), transaction.atomic():
        Judgement.objects.create(query=query, item_id=ids["a"], grade=4)


def test_only_queries_with_a_published_relevant_item_are_measured_by():
    ids = make_items([{"external_id": "a"}, {"external_id": "hidden", "published": False}, {"external_id": "gone"}])
    judged_set = make_set(
        "Films",
        {"ship": {ids["a"]: 2, ids["hidden"]: 3, ids["gone"]: 1}, "storm": {ids["a"]: 0}, "robot": {ids["hidden"]: 1}},
    )
    Item.objects.filter(pk=ids["gone"])._raw_delete("default")  # as bulk SQL does
    assert list(grades_of(judged_set).values()) == [{str(ids["a"]): 2.0}]


def test_queries_come_from_the_log_by_how_often_they_were_asked():
    for text in ("ship", "ship", "storm"):
        searched(text, [])
    searched("old", [], days_ago=200)
    assert logged_queries(without_results=False, most=10) == ["ship", "storm"]
    assert logged_queries(without_results=False, most=1) == ["ship"]
    assert logged_queries(without_results=True, most=10) == []
