"""The items to judge for a query."""

from __future__ import annotations

import pytest

from catalog.judged.pooling import neighbours, next_query, pool
from catalog.judged.side_by_side import side_by_side
from catalog.models import IndexVersion, JudgedQuery
from tests.checkpoints import write_checkpoint
from tests.factories import make_items, make_set, make_version
from workers.embed import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(tmp_path) -> IndexVersion:
    version = make_version(
        backend="transformer", model=str(write_checkpoint(tmp_path / "small", seed=5)), dimensions=32
    )
    rows = [{"external_id": f"ship{number}", "title": "ship " * (number + 1)} for number in range(4)]
    words = ("storm", "robot", "ghost", "train", "island", "river", "war", "love", "town", "snow", "sea", "dog")
    make_items([*rows, *({"external_id": word, "title": word} for word in words)])
    drain(until_s=60)
    return version


def query_of(judged: dict[str, dict[int, int]], text: str = "ship") -> JudgedQuery:
    return make_set("Films", judged).queries.get(text=text)


def test_a_pool_takes_the_best_of_every_leg_in_turns_and_says_where_each_stood(version):
    found = pool(query_of({"ship": {}}))
    assert found.degraded_reason == ""
    legs = {leg for pooled in found.items for leg in pooled.places}
    assert legs == {"words", "both", "meaning"}
    by_words = {pooled.places["words"]: pooled.item.external_id for pooled in found.items if "words" in pooled.places}
    assert {name for place, name in by_words.items() if place <= 4} == {"ship0", "ship1", "ship2", "ship3"}
    by_meaning = sorted(pooled.places["meaning"] for pooled in found.items if "meaning" in pooled.places)
    assert by_meaning == list(range(1, 11))
    best = [min(pooled.places.values()) for pooled in found.items]
    assert best == sorted(best)
    assert len({pooled.item.pk for pooled in found.items}) == len(found.items)


def test_what_is_judged_shows_its_grade_wherever_it_stands(version):
    ids = make_items([{"external_id": "elsewhere", "title": "nothing like it", "published": False}])
    first = pool(query_of({"ship": {}})).items[0].item
    found = pool(make_set("Judged", {"ship": {first.pk: 2, ids["elsewhere"]: 1}}).queries.get())
    assert (found.items[0].item, found.items[0].grade) == (first, 2)
    assert (found.items[-1].item.external_id, found.items[-1].grade, found.items[-1].places) == ("elsewhere", 1, {})
    assert len(found.unjudged) == len(found.items) - 2


def test_without_an_encoder_a_pool_says_that_it_is_of_words_alone(db):
    make_version()
    make_items([{"external_id": "ship"}])
    assert "no encoder backend" in pool(query_of({"ship": {}})).degraded_reason


def test_the_next_query_is_one_that_nobody_has_judged_and_not_this_one(db):
    ids = make_items([{"external_id": "a"}])
    judged_set = make_set("Films", {"one": {}, "two": {ids["a"]: 1}, "three": {}})
    one, two, three = judged_set.queries.all()
    assert [next_query(query) for query in (one, two, three)] == [three, three, one]
    assert neighbours(two) == (one, three)
    assert neighbours(one) == (None, two)


def test_a_version_beside_itself_finds_the_same_and_one_that_is_empty_nothing_of_it(version):
    same = side_by_side("ship", version, version)
    assert same.overlap_at_10 == 1.0
    assert same.one.places == same.other.places
    assert same.one.encoding_ms > 0
    assert side_by_side("ship", version, version, semantic_ratio=0).one.encoding_ms == 0
    empty = make_version(backend="transformer", model=version.model, dimensions=32, state="ready")
    assert side_by_side("story", version, empty, semantic_ratio=1).overlap_at_10 == 0.0
