"""The measures of recommendations, worked out by hand on a collection of a few rows."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest

from catalog.models import Item
from recommender.evaluation.collection import UnreadableCollection, load_catalogue, read_events
from recommender.evaluation.comparison import COLD_SAMPLES, compare
from recommender.evaluation.figures import summarise, together
from recommender.evaluation.protocol import (
    split,
    withhold,
)
from recommender.models import Interaction
from recommender.serving.scenarios import SettingsRefused
from tests.factories import add_passages, make_version
from tests.recommender.spaces import DIMENSIONS, along


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Twelve items of two kinds. Ada rates five of one kind highly, the last of them after all others."""
    items = [
        {"id": f"{kind}-{number}", "title": f"{kind} {number}"} for kind in ("space", "love") for number in range(6)
    ]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    rows = [("ada", f"space-{number}", 5, 100 + number) for number in range(5)]
    rows += [("ada", "love-0", 2, 90), ("bob", "love-1", 5, 50), ("bob", "love-2", 3, 60)]
    lines = [",".join(map(str, row)) for row in [("user_id", "item_id", "rating", "timestamp"), *rows[::-1]]]
    (tmp_path / "interactions.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def embed() -> None:
    """Give each item the vector of its kind."""
    version = make_version(dimensions=DIMENSIONS)
    items = Item.objects.values_list("external_id", "pk")
    add_passages(version, {pk: [along(0 if name.startswith("space") else 1)] for name, pk in items})


def test_the_last_fifth_of_each_users_positives_is_held_out(directory, db):
    histories, held_out = split(read_events(directory / "interactions.csv", {}))
    assert [event.external_id for event in histories["ada"]] == ["space-0", "space-1", "space-2", "space-3"]
    assert [event.external_id for event in histories["bob"]] == ["love-1"]
    assert held_out == {"ada": {"space-4"}}


def test_histories_of_everything_reach_to_the_first_that_is_held_out(directory, db):
    histories, held_out = split(read_events(directory / "interactions.csv", {}), everything=True)
    assert [event.external_id for event in histories["ada"]] == ["love-0", "space-0", "space-1", "space-2", "space-3"]
    assert held_out == {"ada": {"space-4"}}


def test_withheld_items_are_a_tenth_of_those_with_positives_and_asked_of_whoever_has_some(directory, db):
    lines = [f"eve,rain-{number},5,{number}" for number in range(20)]
    with (directory / "interactions.csv").open("a") as file:
        file.write("\n".join(lines) + "\n")
    histories, held_out = split(read_events(directory / "interactions.csv", {}))
    withheld, wanted = withhold(histories, held_out)
    assert len(withheld) == 2  # of 26 with positives
    assert set().union(*wanted.values()) <= withheld
    assert all(own for own in wanted.values())


def test_rows_that_no_import_would_take_are_left_out(directory, db):
    with (directory / "interactions.csv").open("a") as file:
        file.write("eve,space-0,five,100\neve,,5,100\n")
    assert {event.username for event in read_events(directory / "interactions.csv", {})} == {"ada", "bob"}


def measured(rankings, held_out, *, items: int, method: str = "serving"):
    return summarise(rankings, held_out, method=method, collection="films", items=items)


def test_the_measures_are_means_over_the_users_with_something_held_out():
    rankings = {"ada": ["a", "b", "c"], "bob": ["d", "a"], "eve": ["z"]}
    found = measured(rankings, {"ada": {"b", "x"}, "bob": {"y"}}, items=8)
    ideal = 1 + 1 / log2(3)
    assert found.as_json() | {"left_out": ""} == {
        "method": "serving",
        "collection": "films",
        "users": 2,
        "ndcg@10": round((1 / log2(3)) / ideal / 2, 4),
        "interval": [0.0, round((1 / log2(3)) / ideal, 4)],
        "recall@20": 0.25,
        "hit_rate@10": 0.5,
        "coverage@10": 0.5,
        "left_out": "",
    }


def test_only_the_first_ten_count_as_hits_and_coverage():
    ranking = [str(number) for number in range(20)]
    found = measured({"ada": ranking}, {"ada": {"10"}}, items=40)
    assert (found.ndcg_at_10, found.hit_rate_at_10, found.recall_at_20, found.coverage_at_10) == (0, 0, 1, 0.25)


def test_nothing_held_out_is_no_division_by_zero():
    found = measured({}, {}, items=0)
    assert (found.users, found.ndcg_at_10, found.coverage_at_10) == (0, 0, 0)
    assert found.behind(found).mean == 0


def test_samples_taken_together_are_means_over_the_people_of_all():
    one = measured({"ada": ["a"], "bob": ["b"]}, {"ada": {"a"}, "bob": {"a"}}, items=2)
    other = measured({"eve": ["a"]}, {"eve": {"a"}}, items=4)
    found = together([one, other])
    assert (found.users, found.samples) == (3, (0.5, 1))
    assert found.ndcg_at_10 == found.recall_at_20 == found.hit_rate_at_10 == pytest.approx(2 / 3)
    assert found.coverage_at_10 == pytest.approx((2 * 1 + 0.25) / 3)


def test_each_sample_withholds_other_items(directory, db):
    lines = [f"eve,rain-{number},5,{number}" for number in range(40)]
    with (directory / "interactions.csv").open("a") as file:
        file.write("\n".join(lines) + "\n")
    histories, held_out = split(read_events(directory / "interactions.csv", {}))
    samples = [withhold(histories, held_out, sample=sample)[0] for sample in range(3)]
    assert len(set(samples)) == 3
    assert withhold(histories, held_out, sample=1)[0] == samples[1]


def test_another_method_is_behind_by_the_mean_difference_over_the_same_users():
    held_out = {name: {"a"} for name in ("ada", "bob")}
    best = measured({"ada": ["a"], "bob": ["a"]}, held_out, items=2)
    other = measured({"ada": ["b", "a"], "bob": ["b"]}, held_out, items=2, method="other")
    assert other.behind(best).mean == pytest.approx((2 - 1 / log2(3)) / 2)


def test_a_calibration_that_cannot_be_is_refused_before_anything_is_measured(directory, db):
    with pytest.raises(SettingsRefused, match="from 0 to 1"):
        next(compare(directory, calibrations=[0.5, 30]))
    assert not Interaction.objects.exists()


def test_a_collection_goes_through_the_products_own_path_and_beside_it_every_baseline(directory, db):
    assert load_catalogue(directory) == 12
    embed()
    found = {evaluation.method: evaluation for evaluation in compare(directory, calibrations=[0.5])}
    assert list(found)[:3] == ["serving", "serving-calibrated-0.5", "untrained"]
    assert {"popularity", "item-knn", "ease", "raw-content", "serving-cold", "untrained-cold"} <= set(found)
    # Ada has met space 0 to 3; of the two left, the held-out one is certainly among the first ten.
    served = found["serving"]
    assert served.users == 1
    assert served.recall_at_20 == served.hit_rate_at_10 == 1
    assert served.ndcg_at_10 in (1, pytest.approx(1 / log2(3)))
    assert len(found["serving-cold"].samples) == COLD_SAMPLES
    # Eight of the twelve items are left to recommend.
    assert served.coverage_at_10 == pytest.approx(8 / 12)


def test_items_that_cannot_be_read_are_an_error(tmp_path, db):
    (tmp_path / "items.jsonl").write_text("")
    with pytest.raises(UnreadableCollection, match=r"items\.jsonl: The file is empty"):
        load_catalogue(tmp_path)
