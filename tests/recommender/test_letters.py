"""Lists for many people at once."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from recommender.models import ShownList
from recommender.preferences import opt_out
from recommender.recommend import recommend
from recommender.serving.lists import buffer
from recommender.subjects import Subject
from tests.callers import with_key
from tests.recommender.spaces import VISITOR, did, make_space


@pytest.fixture
def people(db) -> dict[str, Subject]:
    """Ada and =Bob did something, and so did others who get no letter; Nell did nothing."""
    ids = make_space()
    found = {
        name: Subject(user_id=User.objects.create_user(name, f"{name.strip('=')}@example.org").pk)
        for name in ("ada", "=bob", "gone", "off", "nell")
    }
    for name, item in (("ada", "space-0"), ("=bob", "love-0"), ("gone", "love-0"), ("off", "love-0")):
        did(found[name], "like", ids[item])
    did(VISITOR, "like", ids["rain-0"])
    User.objects.filter(username="gone").update(is_active=False)
    opt_out(found["off"])
    return found


def written(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    file = folder / "letters.ndjson"
    call_command("export_recommendations", str(file), *arguments)
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_everybody_who_did_something_and_may_be_written_to_gets_their_own_list(people, tmp_path):
    letters = written(tmp_path)
    assert [(letter["user"], letter["email"]) for letter in letters] == [
        ("ada", "ada@example.org"),
        ("=bob", "bob@example.org"),
    ]
    for letter in letters:
        own = recommend(people[letter["user"]], scenario="email")
        assert [row["item"] for row in letter["recommendations"]] == [each.item.external_id for each in own]
        assert letter["recommendations"][0]["reason"] == own[0].reason


def test_people_may_be_named_and_the_scenario_too(people, tmp_path):
    (letter,) = written(tmp_path, "--user", "ada", "--user", "off", "--scenario", "cart")
    assert (letter["user"], len(letter["recommendations"])) == ("ada", 6)


def test_in_csv_each_item_is_a_row_and_no_cell_a_formula(people, tmp_path):
    file = tmp_path / "letters.csv"
    call_command("export_recommendations", str(file))
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {row["user"] for row in rows} == {"ada", "'=bob"}
    assert [row["place"] for row in rows if row["user"] == "ada"] == [str(place) for place in range(1, 11)]


def test_each_list_is_logged_by_an_id_of_its_own(people, tmp_path, settings):
    settings.RECOMMENDATION_LOG = True
    letters = written(tmp_path)
    buffer.flush()
    logged = {str(shown.request_id): shown for shown in ShownList.objects.all()}
    assert set(logged) == {letter["request_id"] for letter in letters}
    assert {shown.scenario for shown in logged.values()} == {"email"}


def test_administrators_get_the_same_over_the_api(people):
    response: Any = with_key("admin").get("/api/v1/recommendations/export", {"format": "csv"})
    assert response["Content-Disposition"] == 'attachment; filename="recommendations.csv"'
    assert response.getvalue().count(b"\nada,ada@example.org,") == 10
