"""The staff pages of the relevance lab."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.models import AuditEntry, IndexVersion, JudgedQuery, JudgedSet, Judgement, MeasuredSetting, Measurement
from tests.callers import signed_in
from tests.catalog.judged.test_catalogue import searched
from tests.factories import make_items, make_set, make_version
from workers import tasks

pytestmark = pytest.mark.django_db
PAGE = "/staff/relevance/"


def staff() -> Client:
    return signed_in("staff", is_staff=True)


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def ids() -> dict[str, int]:
    make_version()
    return make_items([{"external_id": name, "title": f"The {name}"} for name in ("ship", "storm", "robot")])


@pytest.fixture
def judged_set(ids: dict[str, int]) -> JudgedSet:
    return make_set("Films", {"ship": {ids["ship"]: 3, ids["robot"]: 0}, "storm": {}, "robot": {}})


def query_of(judged_set: JudgedSet, text: str = "ship") -> JudgedQuery:
    return judged_set.queries.get(text=text)


def measured(judged_set: JudgedSet, *ratios: float, **fields: Any) -> Measurement:
    """A finished measurement by words, with these ratios."""
    version = fields.pop("version", None) or make_version(state="ready")
    measurement = Measurement.objects.create(
        judged_set=judged_set, state="done", queries=3, finished_at="2026-11-20T10:00:00Z", **fields
    )
    for position, ratio in enumerate(ratios):
        ndcg = 0.5 + ratio / 10
        MeasuredSetting.objects.create(
            measurement=measurement, position=position, version=version, semantic_ratio=ratio, ndcg_at_10=ndcg,
            mrr_at_10=0.75, recall_at_100=0.9, judged_at_10=0.6, median_ms=12.0,
            gain={"mean": ndcg - 0.55, "low": ndcg - 0.6, "high": ndcg - 0.5} if position else None,
            ndcg_by_query={str(query_of(judged_set).pk): ndcg},
        )  # fmt: skip
    return measurement


def test_a_set_is_made_of_lines_the_log_and_a_file(ids):
    for text in ("what is asked", "what is asked", "rare"):
        searched(text, [])
    file = SimpleUploadedFile("judged.csv", b"query,item,grade\nship,ship,3\nstorm,,\n")
    form = {"name": "Films", "queries": "robot\n\n  Ship \n", "source": "top", "most": "1", "file": file}
    response = staff().post(PAGE, form)
    judged_set = JudgedSet.objects.get()
    assert response["Location"] == f"{PAGE}{judged_set.pk}/"
    assert [query.text for query in judged_set.queries.all()] == ["robot", "Ship", "what is asked", "storm"]
    judgement = Judgement.objects.select_related("judged_by").get()
    assert (judgement.query.text, judgement.item_id, judgement.grade) == ("Ship", ids["ship"], 3)
    assert str(judgement.judged_by) == "staff"
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"query_set.create", "query_set.fill"}
    assert "Films 4 1" in text_of(staff().get(PAGE))


def test_rows_of_a_file_that_are_left_out_are_told_with_their_lines(judged_set):
    file = SimpleUploadedFile("judged.tsv", b"query\titem\tgrade\nship\tgone\t3\nstorm\tstorm\t9\nstorm\tstorm\t2\n")
    shown = text_of(staff().post(f"{PAGE}{judged_set.pk}/queries", {"file": file}))
    assert "Rows left out 2 Line Reason 2 There is no item “gone”. 3 A grade must be 0, 1, 2 or 3, not “9”." in shown
    assert query_of(judged_set, "storm").judgements.get().grade == 2


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({}, "Enter a query, choose a log or choose a file."),
        ({"queries": "x" * 201}, "at most 200 characters"),
        ({"queries": "\n".join(map(str, range(1_001)))}, "at most 1,000 queries"),
        ({"source": "everything"}, "not one of the available choices"),
        ({"source": "top", "most": "1000000"}, "less than or equal to 200"),
        ({"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")}, "A column named “query”"),
        ({"file": SimpleUploadedFile("x.csv", b"\x1f\x8b\x08\x00" + b"\xff" * 40)}, "cannot be read"),
    ],
)
def test_what_a_set_cannot_take_is_refused_with_the_reason(judged_set, form, reason):
    response = staff().post(f"{PAGE}{judged_set.pk}/queries", form)
    assert response.status_code == 400
    assert reason in text_of(response)
    assert judged_set.queries.count() == 3


def test_a_set_is_renamed_exported_and_deleted(judged_set, ids):
    client = staff()
    client.post(f"{PAGE}{judged_set.pk}/rename", {"name": "  Other films "})
    assert JudgedSet.objects.get().name == "Other films"
    make_set("Taken", {})
    assert "A set named “Taken” already exists" in text_of(
        client.post(f"{PAGE}{judged_set.pk}/rename", {"name": "Taken"}, follow=True)
    )
    make_items([{"external_id": "=risky()"}])
    Judgement.objects.create(
        query=query_of(judged_set, "storm"), item_id=make_items([{"external_id": "=risky()"}])["=risky()"], grade=1
    )
    response = client.get(f"{PAGE}{judged_set.pk}/export")
    exported = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert exported.decode().splitlines() == [
        "query,item,grade", "ship,ship,3", "ship,robot,0", "storm,'=risky(),1", "robot,,",
    ]  # fmt: skip
    copy = make_set("Copy", {})
    client.post(f"{PAGE}{copy.pk}/queries", {"file": SimpleUploadedFile("x.csv", exported)})
    rows = Judgement.objects.values_list("query__text", "item__external_id", "grade")
    assert set(rows.filter(query__judged_set=copy)) == set(rows.filter(query__judged_set=judged_set))
    client.post(f"{PAGE}{judged_set.pk}/delete")
    assert not JudgedSet.objects.filter(pk=judged_set.pk).exists()


def test_each_hit_is_graded_with_a_click_and_shows_that_it_was(judged_set, ids):
    query = query_of(judged_set)
    address = f"{PAGE}queries/{query.pk}/"
    page = staff().get(address)
    assert "ship" in text_of(page)
    assert page.content.decode().count("Not judged</span>") == page.content.decode().count('class="judge__item')
    pressed = re.findall(r'id="grade-(\d+)-(\d)" name="grade" value="" aria-pressed="true"', page.content.decode())
    assert sorted(pressed) == sorted([(str(ids["ship"]), "3"), (str(ids["robot"]), "0")])
    response = staff().post(address, {"item": ids["storm"], "grade": "2"})
    assert response["Location"] == f"{address}#item-{ids['storm']}"
    part = staff().post(address, {"item": ids["ship"], "grade": "1"}, headers={"HX-Request": "true"})
    assert f'id="grade-{ids["ship"]}-1" name="grade" value="" aria-pressed="true"' in part.content.decode()
    assert '<span id="judged" hx-swap-oob="innerHTML">3</span>' in part.content.decode()
    staff().post(address, {"item": ids["robot"], "grade": ""})
    assert dict(query.judgements.values_list("item_id", "grade")) == {ids["storm"]: 2, ids["ship"]: 1}


def test_what_has_no_grade_is_marked_as_not_relevant_at_once_and_what_has_one_keeps_it(judged_set, ids):
    query = query_of(judged_set)
    staff().post(f"{PAGE}queries/{query.pk}/", {"item": list(ids.values()), "others": "0"})
    grades = dict(query.judgements.values_list("item_id", "grade"))
    assert grades == {ids["ship"]: 3, ids["robot"]: 0, ids["storm"]: 0}


@pytest.mark.parametrize(
    "form", [{"grade": "4"}, {"grade": "-1"}, {"grade": "x"}, {"grade": "1", "item": "999999999999999999999"}]
)
def test_grades_and_items_that_are_none_change_nothing(judged_set, ids, form):
    query = query_of(judged_set, "storm")
    client = staff()
    response = client.post(f"{PAGE}queries/{query.pk}/", {"item": ids["storm"], **form}, follow=True)
    assert response.status_code == 200
    assert "A grade must be from 0 to 3." in text_of(response) or "no longer exists" in text_of(response)
    assert not query.judgements.exists()


def test_judging_leads_to_the_next_query_that_nobody_has_judged(judged_set):
    page = staff().get(f"{PAGE}queries/{query_of(judged_set, 'storm').pk}/").content.decode()
    assert f'href="{PAGE}queries/{query_of(judged_set, "robot").pk}/">Next unjudged' in page
    assert f'href="{PAGE}queries/{query_of(judged_set, "ship").pk}/"><svg' in page
    assert "Query 2 of 3" in page
    assert "Found by words only." in page


def test_any_other_item_is_found_and_graded(judged_set, ids):
    query = query_of(judged_set)
    address = f"{PAGE}queries/{query.pk}/?find=storm"
    assert f'id="item-{ids["storm"]}"' in staff().get(address).content.decode().split("Add an item")[1]
    response = staff().post(address, {"item": ids["storm"], "grade": "1"})
    assert response["Location"] == f"{address}#item-{ids['storm']}"


def test_a_measurement_is_started_watched_and_shown(judged_set):
    version = make_version(state="ready")
    client = staff()
    form = {"kind": "sweep", "version": version.pk, "semantic_ratio": "0.3"}
    response = client.post(f"{PAGE}{judged_set.pk}/measure", form)
    measurement = Measurement.objects.get()
    address = f"{PAGE}measurements/{measurement.pk}/"
    assert response["Location"] == address
    assert [setting.semantic_ratio for setting in measurement.settings.all()][:3] == [0.3, 0, 0.1]
    page = client.get(address).content.decode()
    assert f'hx-get="{address}" hx-trigger="every 1s"' in page
    assert "Waiting for a worker." in page
    again = client.post(f"{PAGE}{judged_set.pk}/measure", form)
    assert (again.status_code, "This query set is being measured." in text_of(again)) == (400, True)
    assert "Ratio sweep" in text_of(client.get(f"{PAGE}{judged_set.pk}/"))
    client.post(f"{address}cancel")
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 286
    assert "already" in text_of(client.post(f"{address}cancel", follow=True))
    client.post(f"{PAGE}{judged_set.pk}/measure", form | {"kind": "one", "semantic_ratio": "0"})
    tasks.measure_relevance()
    done = Measurement.objects.first()
    assert done is not None and done.state == "done", done and done.message
    assert "ratio 0.0 1.000" in text_of(client.get(f"{PAGE}measurements/{done.pk}/"))
    assert "nDCG@10 1.000" in text_of(client.get(f"{PAGE}{judged_set.pk}/"))


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"kind": "versions"}, "not one of the available choices"),
        ({"kind": "reranking"}, "not one of the available choices"),
        ({"semantic_ratio": "1.5"}, "less than or equal to 1"),
        ({"semantic_ratio": "nan"}, "Enter a number."),
        ({"version": "999"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(judged_set, form, reason):
    version = IndexVersion.objects.get()
    given = {"kind": "one", "version": version.pk, "semantic_ratio": "0.5", **form}
    response = staff().post(f"{PAGE}{judged_set.pk}/measure", given)
    assert (response.status_code, reason in text_of(response)) == (400, True)
    assert not Measurement.objects.exists()


def test_a_sweep_names_the_best_ratio_and_whether_that_is_for_certain(judged_set):
    measured(judged_set, 0.5, 0.0, 1.0, kind="sweep")
    shown = text_of(staff().get(f"{PAGE}{judged_set.pk}/"))
    assert "1 is the best ratio: +0.050 nDCG@10 over 0.5, but +0.000 to +0.100 with 95% confidence" in shown
    MeasuredSetting.objects.filter(semantic_ratio=1.0).update(gain={"mean": 0.05, "low": 0.01, "high": 0.1})
    assert "+0.010 to +0.100 with 95% confidence." in text_of(staff().get(f"{PAGE}{judged_set.pk}/"))
    MeasuredSetting.objects.filter(semantic_ratio=1.0).update(ndcg_at_10=0.1)
    assert "The current ratio, 0.5, is the best of those tried." in text_of(staff().get(f"{PAGE}{judged_set.pk}/"))


def test_figures_are_drawn_over_time_and_queries_show_what_they_came_to(judged_set):
    for ratio in (0.0, 0.5, 1.0):
        measured(judged_set, ratio)
    page = staff().get(f"{PAGE}{judged_set.pk}/").content.decode()
    assert "nDCG@10, MRR@10 and recall@100 of 3 measurements; the last nDCG@10 is 0.600" in page
    line = re.search(r'class="ln ln--link" d="M0\.0 ([\d.]+) L450\.0 ([\d.]+) L900\.0 ([\d.]+)"', page)
    assert line is not None
    heights = [float(height) for height in line.groups()]
    assert heights == sorted(heights, reverse=True)  # the figure rises
    assert re.search(r'ship</a></td>\s*<td class="r">2</td><td class="r">1</td>\s*<td class="r">0\.60</td>', page)


def test_the_pages_cost_few_queries(judged_set, django_assert_num_queries):
    for _ in range(3):
        measured(judged_set, 0.0, 0.5, kind="sweep")
    client = staff()
    with django_assert_num_queries(4):  # session, user, sets, latest measurements
        client.get(PAGE)
    # The set, the number of queries and those of the page, the first unjudged one; figures, what is running, the last
    # sweep with its settings; the live versions, once to see what may be chosen and once for each list.
    with django_assert_num_queries(14):
        client.get(f"{PAGE}{judged_set.pk}/")


def test_texts_are_escaped(ids):
    judged_set = make_set("<script>alert(1)</script>", {"<b>ship</b>": {ids["ship"]: 1}})
    for address in (PAGE, f"{PAGE}{judged_set.pk}/", f"{PAGE}queries/{judged_set.queries.get().pk}/"):
        page = staff().get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b>ship" not in page
