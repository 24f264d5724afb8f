"""Two index versions side by side."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from catalog.models import IndexVersion, MeasuredSetting, Measurement
from catalog.templatetags.catalogue import ordinal
from tests.callers import signed_in
from tests.factories import make_set, make_version
from tests.opposed_versions import make_opposed_versions

pytestmark = pytest.mark.django_db
PAGE = "/staff/versions/compare/"


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def versions(tmp_path) -> tuple[IndexVersion, IndexVersion]:
    return make_opposed_versions(tmp_path)


def get(**parameters: Any) -> Any:
    return signed_in("staff", is_staff=True).get(PAGE, parameters)


def test_one_version_has_nothing_to_be_compared_with(db):
    make_version()
    assert "There is only one live version." in text_of(get())


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
    for (side, rows), there, beside in zip(sides, reversed(lists), reversed(versions), strict=True):
        for row in rows:
            place = there.index(row.item.pk) + 1 if row.item.pk in there else None
            told = [mark.text for mark in row.marks]
            assert told == (["Only here"] if place is None else [] if place == row.place else [told[0]]), side
            assert place is None or place == row.place or told[0].endswith(f"{ordinal(place)} in v{beside.pk}")
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
    assert "These two have not been measured on this set at this ratio yet." in shown
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
    assert "not been measured on this set" in text_of(get(judged_set=judged_set.pk, semantic_ratio="0.3"))
    # From the measurement, each query links back to both lists.
    page = signed_in("staff", is_staff=True).get(f"/staff/relevance/measurements/{measurement.pk}/").content.decode()
    both = f"{PAGE}?one={one.pk}&amp;other={other.pk}&amp;judged_set={judged_set.pk}&amp;semantic_ratio=0.5"
    assert f'href="{both}"' in page
    assert f'href="{both}&amp;q=storm"' in page


def test_the_settings_that_differ_are_told(versions):
    response = get()
    assert [(own.name, own.one, own.other) for own in response.context["differences"]] == [
        ("Document template", "{{ title }}", "{{ body }}")
    ]
    assert "Search for something" in text_of(response)


def test_the_one_that_is_ready_may_be_switched_to(versions):
    one, other = versions
    staff = signed_in("staff", is_staff=True)
    assert f'action="/staff/versions/{other.pk}/activate"' in staff.get(PAGE).content.decode()
    staff.post(f"/staff/versions/{other.pk}/activate")
    assert f'action="/staff/versions/{one.pk}/activate"' in staff.get(PAGE).content.decode()
    other.refresh_from_db()
    assert other.state == "active"


def test_the_ratio_may_be_chosen(versions):
    assert get(q="storm", semantic_ratio="0").context["overlap"] == 100


@pytest.mark.parametrize(
    "parameters", [{"one": "x"}, {"other": "999"}, {"judged_set": "999"}, {"semantic_ratio": "2"}, {"q": "x" * 2_001}]
)
def test_odd_choices_are_told_and_compare_nothing(versions, parameters):
    response = get(**({"q": "storm"} | parameters))
    assert response.status_code == 200
    assert "found" not in response.context


def test_the_list_of_versions_leads_there(versions):
    one, other = versions
    page = signed_in("staff", is_staff=True).get("/staff/").content.decode()
    assert f'href="{PAGE}?one={one.pk}&amp;other={other.pk}"' in page
