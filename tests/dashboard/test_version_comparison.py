"""Two index versions side by side."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from catalog.models import IndexVersion, MeasuredSetting, Measurement
from tests.callers import signed_in
from tests.checkpoints import write_checkpoint
from tests.factories import make_items, make_set, make_version
from workers.embed import drain

pytestmark = pytest.mark.django_db
PAGE = "/staff/versions/compare/"


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def versions(tmp_path) -> tuple[IndexVersion, IndexVersion]:
    """The same encoder on titles and on bodies, which say the opposite of each other."""
    small = str(write_checkpoint(tmp_path / "small", seed=5))
    one = make_version(backend="transformer", model=small, dimensions=32, document_template="{{ title }}")
    other = make_version(
        backend="transformer", model=small, dimensions=32, document_template="{{ body }}", state="ready"
    )
    words = ["storm", "robot", "ghost", "train", "island", "river", "ship", "war", "love", "town", "snow", "sea"]
    make_items([{"external_id": word, "title": word, "body": words[-1 - number]} for number, word in enumerate(words)])
    drain(until_s=60)
    return one, other


def get(**parameters: Any) -> Any:
    return signed_in("staff", is_staff=True).get(PAGE, parameters)


def test_one_version_has_nothing_to_be_compared_with(db):
    make_version()
    assert "There is one live version." in text_of(get())


def test_both_lists_stand_side_by_side_with_what_moved(versions):
    response = get(q="storm")
    found = response.context["found"]
    assert (found.one.version, found.other.version) == versions
    assert found.one.took_ms > found.one.encoding_ms > 0
    lists = [[hit.item.pk for hit in side.results.hits] for side in (found.one, found.other)]
    assert lists[0] != lists[1]
    shared = len({*lists[0][:10]} & {*lists[1][:10]})
    assert response.context["overlap"] == 10 * shared
    sides = response.context["sides"]
    for (side, rows), there in zip(sides, reversed(lists), strict=True):
        for row in rows:
            place = there.index(row.item.pk) + 1 if row.item.pk in there else None
            told = [mark.text for mark in row.marks]
            assert told == (["Only here"] if place is None else [] if place == row.place else [told[0]]), side
            assert place is None or place == row.place or told[0].endswith(f"there {place}")
    assert text_of(get(q="storm", one=versions[1].pk)).count("Choose two different versions.") == 1


def test_a_version_whose_encoder_is_not_there_is_compared_by_words_and_says_so(versions):
    broken = make_version(state="ready")
    shown = text_of(get(q="storm", other=broken.pk))
    assert "By words only." in shown
    assert "no encoder backend" in shown


def test_a_query_set_brings_its_queries_and_its_measurement(versions):
    one, other = versions
    ids = {"storm": IndexVersion.objects.count()}
    judged_set = make_set("Films", {"storm": {ids["storm"]: 1}, "ghost": {}})
    response = get(judged_set=judged_set.pk)
    shown = text_of(response)
    assert response.context["q"] == "storm"
    assert "Next query of the set" in shown
    assert "These two were not measured on this set yet." in shown
    measurement = Measurement.objects.create(
        judged_set=judged_set, kind="versions", state="done", queries=1, finished_at="2026-11-20T10:00:00Z"
    )
    query = judged_set.queries.get(text="storm")
    for position, (version, ndcg) in enumerate(zip(versions, (0.8, 0.3), strict=True)):
        MeasuredSetting.objects.create(
            measurement=measurement, position=position, version=version, semantic_ratio=0.5, ndcg_at_10=ndcg,
            mrr_at_10=0.5, recall_at_100=0.5, judged_at_10=0.5, median_ms=9.0, ndcg_by_query={str(query.pk): ndcg},
            gain={"mean": -0.5, "low": -0.6, "high": -0.4} if position else None,
        )  # fmt: skip
    shown = text_of(get(judged_set=judged_set.pk, one=other.pk, other=one.pk))
    assert "0.800" in shown and "-0.500 (-0.600 to -0.400)" in shown
    assert "storm 0.80 0.30 -0.50" in shown


@pytest.mark.parametrize("parameters", [{"one": "x"}, {"other": "999"}, {"judged_set": "999"}, {"q": "x" * 2_001}])
def test_odd_choices_are_told_and_compare_nothing(versions, parameters):
    response = get(**({"q": "storm"} | parameters))
    assert response.status_code == 200
    assert "found" not in response.context


def test_the_list_of_versions_leads_there(versions):
    one, other = versions
    page = signed_in("staff", is_staff=True).get("/staff/").content.decode()
    assert f'href="{PAGE}?one={one.pk}&amp;other={other.pk}"' in page
