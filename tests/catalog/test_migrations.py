"""Migrations that move data, forward and back, in their own database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.databases import committed_db, template_database
from tests.factories import make_items

__all__ = ["committed_db", "template_database"]

BEFORE_SETS, WITH_SETS = "0010_pictures", "0011_query_sets"
BEFORE_COMPOSED, COMPOSED = "0015_searched_exactly", "0016_composed_texts"


@pytest.fixture
def migrate(committed_db: str) -> Callable[[str], Any]:
    """Migrates `catalog` to a migration, with what depends on it; returns its models at that point."""

    def to(name: str) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate([("catalog", name)])
        return MigrationExecutor(connection).loader.project_state(("catalog", name)).apps

    return to


def judgements(model: Any) -> list[tuple[str, int, float]]:
    """Judgements as they were before there were sets: a query, an item, a grade."""
    return sorted(model.objects.values_list("query", "item_id", "grade"))


def test_judgements_become_a_set_and_come_out_of_it_again(migrate):
    first, second = make_items([{"external_id": "first"}, {"external_id": "second"}]).values()
    old = migrate(BEFORE_SETS).get_model("catalog", "Judgement")
    rows = [("Robots", first, 3.0), ("Robots", second, 0.4), ("heist", first, 1.6), ("heist", second, 7.0)]
    old.objects.bulk_create([old(query=query, item_id=item, grade=grade) for query, item, grade in rows])

    new = migrate(WITH_SETS).get_model("catalog", "Judgement")
    found = new.objects.values_list("query__text", "item_id", "grade", "query__judged_set__name")
    assert set(found) == {
        ("Robots", first, 3, "Judgements"),
        ("Robots", second, 0, "Judgements"),
        ("heist", first, 2, "Judgements"),
        ("heist", second, 3, "Judgements"),
    }

    back = migrate(BEFORE_SETS).get_model("catalog", "Judgement")
    assert judgements(back) == [
        ("Robots", first, 3.0),
        ("Robots", second, 0.0),
        ("heist", first, 2.0),
        ("heist", second, 3.0),
    ]


def test_of_texts_that_differ_in_case_alone_the_highest_grade_stays(migrate):
    (item,) = make_items([{"external_id": "first"}]).values()
    old = migrate(BEFORE_SETS).get_model("catalog", "Judgement")
    for query, grade in (("robots", 1), ("ROBOTS", 2), ("Robots", 0)):
        old.objects.create(query=query, item_id=item, grade=grade)
    new = migrate(WITH_SETS).get_model("catalog", "Judgement")
    assert [(judgement.query.text.lower(), judgement.grade) for judgement in new.objects.all()] == [("robots", 2)]


def test_a_query_of_two_sets_comes_out_once_with_what_was_judged_last(migrate):
    (item,) = make_items([{"external_id": "first"}]).values()
    models = migrate(WITH_SETS)
    for name, grade in (("one", 3), ("two", 1)):
        judged_set = models.get_model("catalog", "JudgedSet").objects.create(name=name)
        query = models.get_model("catalog", "JudgedQuery").objects.create(judged_set=judged_set, text="robots")
        models.get_model("catalog", "Judgement").objects.create(query=query, item_id=item, grade=grade)
    back = migrate(BEFORE_SETS).get_model("catalog", "Judgement")
    assert judgements(back) == [("robots", item, 1.0)]


def test_without_judgements_there_is_no_set_either_way(migrate):
    migrate(BEFORE_SETS)
    models = migrate(WITH_SETS)
    assert not models.get_model("catalog", "JudgedSet").objects.exists()
    assert not models.get_model("catalog", "Judgement").objects.exists()


def test_decomposed_texts_are_composed_and_of_two_names_one_stays(migrate):
    apps = migrate(BEFORE_COMPOSED)
    item, attribute = apps.get_model("catalog", "Item"), apps.get_model("catalog", "Attribute")
    item.objects.create(external_id="plain", title="Plain", attributes={"year": 1})
    mark = "\u0301"
    item.objects.create(
        external_id=f"e{mark}",
        title=f"E{mark}te{mark}",
        category=f"Cine{mark}ma",
        attributes={f"me{mark}tier": [f'"{mark}e{mark}', "b"], f"cafe{mark}": 2},
    )
    for name in (f"me{mark}tier", "métier", f"cafe{mark}", "year"):
        attribute.objects.create(name=name, kind="text")
    apps = migrate(COMPOSED)
    found = apps.get_model("catalog", "Item").objects.values_list("external_id", "title", "category", "attributes")
    assert sorted(found) == [
        (f"e{mark}", "Été", "Cinéma", {"métier": [f'"{mark}é', "b"], "café": 2}),
        ("plain", "Plain", "", {"year": 1}),
    ]
    names = apps.get_model("catalog", "Attribute").objects.values_list("name", flat=True)
    assert sorted(names) == ["café", "métier", "year"]
