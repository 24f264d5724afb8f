"""Loading files of interactions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from catalog.importing import run_for_file
from catalog.models import ImportRun
from recommender.importing import run_import
from recommender.models import Interaction, ProfileState
from recommender.preferences import opt_out
from recommender.subjects import Subject
from tests.factories import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path):
    make_item("film")
    make_item("7")

    def loaded(content, *, name="x.csv", mapping=None):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        run = run_for_file(path, kind="interactions", mapping=mapping or {})
        run_import(run)
        run.refresh_from_db()
        return run

    return loaded


def figures(run):
    return run.state, run.created, run.unchanged, run.rejected


def reasons(run):
    return {problem["line"]: problem["reason"] for problem in run.problems}


def test_rows_become_interactions_of_users_made_on_the_way(load):
    run = load("user,item,kind,value,occurred_at\nada,film,like,,2024-01-31T12:00:00Z\nbob,7,rating,4.5,964982703\n")
    assert figures(run) == ("done", 2, 0, 0)
    like: Any
    rating: Any
    like, rating = Interaction.objects.order_by("user__username").select_related("user", "item")
    assert (like.user.username, like.item.external_id, like.kind_id, like.value) == ("ada", "film", "like", None)
    assert like.occurred_at == datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert (rating.kind_id, rating.value) == ("rating", 4.5)
    assert rating.occurred_at == datetime.fromtimestamp(964982703, tz=UTC)
    assert not like.user.has_usable_password()


def test_a_second_time_changes_nothing(load):
    content = (
        "user,item,kind,occurred_at\nada,film,view,2024-01-01\nada,film,view,2024-01-02\nbob,film,view,2024-01-01\n"
    )
    assert figures(load(content)) == ("done", 3, 0, 0)
    assert figures(load(content)) == ("done", 0, 3, 0)
    assert Interaction.objects.count() == 3
    assert get_user_model().objects.count() == 2


def test_a_row_that_stands_twice_in_a_file_is_one_event(load):
    run = load("user,item,kind,occurred_at\n" + "ada,film,view,2024-01-01\n" * 3)
    assert figures(run) == ("done", 1, 2, 0)


def test_event_ids_of_the_file_make_repeats_harmless(load):
    run = load("user,item,event_id\nada,film,e1\nada,7,e1\nada,7,e2\n")
    assert figures(run) == ("done", 2, 1, 0)
    assert set(Interaction.objects.values_list("event_id", flat=True)) == {"e1", "e2"}


def test_the_event_ids_of_one_person_say_nothing_about_anothers(load):
    assert figures(load("user,item,event_id\nada,film,e1\nbob,film,e1\n")) == ("done", 2, 0, 0)


def test_of_repeats_the_first_counts(load):
    load("user,item,event_id\nada,film,e1\nada,7,e1\n")
    assert Interaction.objects.get().item.external_id == "film"


@pytest.mark.parametrize("moment", ["", "2024-01-01"])
def test_a_rating_that_comes_with_other_stars_is_updated(load, moment):
    rows = "user,item,rating,occurred_at\nada,film,{},{}\nada,7,3,{}\n"
    load(rows.format(2, moment, moment))
    ProfileState.objects.update(due_at=None)
    run = load(rows.format(5.0, moment, moment))
    assert (*figures(run), run.updated) == ("done", 0, 1, 0, 1)
    assert dict(Interaction.objects.values_list("item__external_id", "value")) == {"film": 5, "7": 3}
    assert ProfileState.objects.get().due_at is not None


def test_a_rating_that_comes_with_the_same_stars_leaves_the_profile_alone(load):
    load("user,item,rating\nada,film,2\n")
    ProfileState.objects.update(due_at=None)
    assert figures(load("user,item,rating\nada,film,2.0\n")) == ("done", 0, 1, 0)
    assert ProfileState.objects.get().due_at is None


@pytest.mark.parametrize("rows_at_once", [1, 2, 1_000])
@pytest.mark.parametrize("moment", ["", "2024-01-01"])
def test_of_a_rating_that_stands_twice_in_a_file_the_last_counts(load, monkeypatch, rows_at_once, moment):
    monkeypatch.setattr("catalog.importing.runs.BATCH_ROWS", rows_at_once)
    rows = [("film", 2), ("7", 1), ("film", 4), ("film", 3), ("7", 1), ("film", 3.5)]
    content = "user,item,rating,occurred_at\n" + "".join(f"ada,{item},{stars},{moment}\n" for item, stars in rows)
    run = load(content)
    assert (*figures(run), run.updated) == ("done", 2, 4, 0, 0)
    ProfileState.objects.update(due_at=None)
    run = load(content)
    assert (*figures(run), run.updated) == ("done", 0, 6, 0, 0)
    assert dict(Interaction.objects.values_list("item__external_id", "value")) == {"film": 3.5, "7": 1}
    assert ProfileState.objects.get().due_at is None


def test_of_a_rating_that_stands_twice_with_other_stars_than_before_the_last_counts(load, monkeypatch):
    monkeypatch.setattr("catalog.importing.runs.BATCH_ROWS", 1)
    load("user,item,rating\nada,film,2\n")
    run = load("user,item,rating\nada,film,4\nada,film,5\n")
    assert (*figures(run), run.updated) == ("done", 0, 1, 0, 1)
    assert Interaction.objects.get().value == 5


def test_ratings_at_different_times_are_different_events(load):
    run = load("user,item,rating,occurred_at\nada,film,2,2024-01-01\nada,film,4,2024-01-02\n")
    assert figures(run) == ("done", 2, 0, 0)


def test_a_file_that_breaks_off_keeps_what_comes_before_and_the_last_stars_in_it(load, monkeypatch):
    monkeypatch.setattr("catalog.importing.runs.BATCH_ROWS", 1)
    rows = [{"user": "ada", "item": "film", "rating": stars} for stars in (2, 4)]
    run = load(f"[{json.dumps(rows[0])}, {json.dumps(rows[1])}, {{", name="x.json")
    assert (run.state, run.created, run.unchanged) == ("failed", 1, 1)
    assert Interaction.objects.get().value == 4


def test_a_rating_with_an_event_id_of_the_file_stays_as_it_is(load):
    load("user,item,rating,event_id\nada,film,2,e1\n")
    assert figures(load("user,item,rating,event_id\nada,film,5,e1\n")) == ("done", 0, 1, 0)
    assert Interaction.objects.get().value == 2


def test_ratings_of_people_who_opted_out_are_not_updated(load):
    load("user,item,rating\nada,film,2\nbob,film,2\n")
    opt_out(Subject(user_id=get_user_model().objects.get(username="ada").pk))
    run = load("user,item,rating\nada,film,5\nbob,film,5\n")
    assert (*figures(run), run.updated) == ("done", 0, 1, 0, 1)
    assert dict(Interaction.objects.values_list("user__username", "value")) == {"ada": 2, "bob": 5}


def test_events_of_people_who_opted_out_are_not_recorded(load):
    ada = get_user_model().objects.create_user("ada")
    opt_out(Subject(user_id=ada.pk))
    assert figures(load("user,item\nada,film\nbob,film\n")) == ("done", 1, 1, 0)
    assert list(Interaction.objects.values_list("user__username", flat=True)) == ["bob"]


def test_the_kind_is_a_rating_where_there_is_a_value_and_a_view_otherwise(load):
    load("user,item,rating\nada,film,3\nada,7,\n")
    assert dict(Interaction.objects.values_list("item__external_id", "kind_id")) == {"film": "rating", "7": "view"}


def test_existing_accounts_are_used_as_they_are(load):
    user = get_user_model().objects.create_user("ada", password="secret")
    load("user,item\nada,film\n")
    assert Interaction.objects.get().user_id == user.pk
    user.refresh_from_db()
    assert user.check_password("secret")


def test_a_prefix_keeps_imported_users_apart(load):
    load("user,item\nada,film\n", mapping={"interactions": {"user_prefix": "shop-"}})
    assert get_user_model().objects.get().username == "shop-ada"


def test_a_prefix_never_makes_two_users_one(load):
    run = load(f"user,item\n{'x' * 149}a,film\n{'x' * 149}b,film\n", mapping={"interactions": {"user_prefix": "shop-"}})
    assert run.rejected == 2
    assert "145" in reasons(run)[2]


def test_a_mapping_says_where_the_fields_are(load):
    mapping = {"interactions": {"user": "who.name", "item": "what", "occurred_at": "ts"}}
    run = load('{"who": {"name": "ada"}, "what": 7, "ts": 964982703000}\n', name="x.ndjson", mapping=mapping)
    assert figures(run) == ("done", 1, 0, 0)
    assert Interaction.objects.get().occurred_at.year == 2000


def test_case_and_spaces_of_columns_do_not_count(load):
    assert figures(load("User ID,Item ID,Rating\nada,film,4\n")) == ("done", 1, 0, 0)
    assert Interaction.objects.get().value == 4


def test_a_file_without_the_columns_that_are_needed_is_refused_as_a_whole(load):
    run = load("customer,film\nada,film\n")
    assert figures(run) == ("failed", 0, 0, 0)
    assert "looked up as user or user_id or username. The file has customer, film." in run.message


def test_bad_rows_are_told_with_their_line_and_the_good_ones_kept(load):
    tomorrow = (timezone.now() + timedelta(days=2)).isoformat()
    run = load(
        "user,item,kind,value,occurred_at\n"
        "ada,film,view,,2024-01-01\n"
        ",film,view,,\n"
        "ada,,view,,\n"
        "ada,nowhere,view,,\n"
        "ada,film,adore,,\n"
        "ada,film,rating,,\n"
        "ada,film,rating,many,\n"
        "ada,film,rating,nan,\n"
        "ada,film,rating,1e9,\n"
        "ada,film,view,,yesterday\n"
        "ada,film,view,,2024-13-01\n"
        f"ada,film,view,,{tomorrow}\n"
        "ada,film,view,,1e30\n"
        "ada,film\n"
        f"{'x' * 151},film,view,,\n"
        "bob,film,view,,2024-01-01\n"
    )
    assert (run.state, run.created, run.rejected) == ("done", 2, 14)
    told = reasons(run)
    assert list(told) == list(range(3, 17))
    for line, part in {
        3: "user:",
        4: "item:",
        5: "there is no item 'nowhere'",
        6: "kind: unknown 'adore'. Known: ",
        7: "a rating needs its stars",
        8: "value: use a number",
        9: "value: use a number",
        10: "value: use a number",
        11: "occurred_at:",
        12: "occurred_at:",
        13: "future",
        14: "occurred_at:",
        15: "2 cells",
        16: "user:",
    }.items():
        assert part in told[line], line


@pytest.mark.parametrize(
    "row",
    [
        '{"user": ["a"], "item": "film"}',
        '{"user": "a", "item": {"id": 1}}',
        '{"user": "a", "item": "film", "kind": ["view"]}',
        '{"user": "a", "item": "film", "kind": {}}',
        '{"user": "a", "item": "film", "value": true}',
        '{"user": "a", "item": "film", "occurred_at": true}',
        '{"user": "a", "item": "film", "value": [1]}',
        '{"user": "a", "item": "film", "occurred_at": [1]}',
        '{"user": "a", "item": "film", "occurred_at": {"a": 1}}',
        '{"user": "a", "item": "film", "occurred_at": 1e300}',
        '{"user": "a", "item": "film", "occurred_at": -1e14}',
        '{"user": "a", "item": "film", "occurred_at": "0001-01-01T00:00:00+14:00"}',
        '{"user": "a", "item": "film", "event_id": ["x"]}',
        '{"user": "a\\u0000", "item": "film"}',
        '{"user": "\\ud800", "item": "film"}',
        '{"user": "a", "item": "film", "kind": "\\ud800"}',
        '{"user": true, "item": "film"}',
        '{"user": null, "item": "film"}',
        "{}",
        "[]",
    ],
)
def test_values_of_another_shape_are_bad_rows_and_never_the_end_of_the_run(load, row):
    run = load(f'{row}\n{{"user": "good", "item": "film"}}\n', name="x.ndjson")
    assert (run.state, run.created, run.rejected) == ("done", 1, 1)
    assert run.problems[0]["line"] == 1


def test_the_command_loads_and_sums_up(load, tmp_path, capsys):
    path = tmp_path / "y.csv"
    path.write_text("who,item\nada,film\n")
    call_command("import_interactions", str(path), "--map", "user=who")
    assert "y.csv: 1 created, 0 updated, 0 unchanged, 0 rejected." in capsys.readouterr().out
    assert ImportRun.objects.get().kind == "interactions"
