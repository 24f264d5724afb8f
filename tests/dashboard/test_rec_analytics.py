"""What staff see of the log of lists, in numbers worked out by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from dashboard.recommendations.analytics import list_analytics
from recommender.models import Experiment, ShownList
from recommender.serving.statistics import wilson
from tests.callers import signed_in

pytestmark = pytest.mark.django_db


def shown(*, days_ago: int = 0, clicked: bool = False, acted: bool = False, **fields: Any) -> None:
    usual: dict[str, Any] = {"source": "page", "scenario": "home", "item_ids": [1, 2]}
    ShownList.objects.create(
        shown_at=timezone.now() - timedelta(days=days_ago),
        clicked=[1] if clicked else [],
        acted=[2] if acted else [],
        **usual | fields,
    )


def some_lists() -> Experiment:
    experiment = Experiment.objects.create(name="Length", scenario="for-you", state="stopped")
    shown(clicked=True, acted=True)
    shown(days_ago=1)
    shown(days_ago=1, clicked=True, model_id=7)
    shown(days_ago=7, clicked=True)
    shown(scenario="for-you", experiment_id=experiment.pk, variant="short", model_id=7)
    shown(scenario="for-you", experiment_id=experiment.pk, variant="long", clicked=True)
    return experiment


def test_lists_are_counted_by_scenario_variant_and_model():
    some_lists()
    found = list_analytics(7)
    assert (found.totals.lists, found.totals.clicked, found.totals.acted) == (5, 3, 1)
    assert found.totals.click_through == wilson(3, 5)
    rows = [(row.name, row.detail, row.counts.lists, row.counts.clicked) for row in found.by_scenario]
    assert rows == [("For you", "Length: long", 1, 1), ("For you", "Length: short", 1, 0), ("Home", "", 3, 2)]
    models = [(row.name, row.counts.lists, row.counts.clicked) for row in found.by_model]
    assert models == [("Taste model 7", 2, 1), ("Untrained", 3, 2)]
    assert list_analytics(30).totals.lists == 6


def test_the_chart_has_the_share_and_interval_of_each_day():
    some_lists()
    chart = list_analytics(7).chart
    yesterday, today = wilson(1, 2), wilson(2, 3)
    assert yesterday is not None
    assert today is not None
    assert chart.peak == pytest.approx(max(yesterday.high, today.high))
    heights = [float(point.split()[1]) for point in chart.line[1:].split(" L")]
    expected = [119 - 118 * found.estimate / chart.peak for found in (yesterday, today)]
    assert heights == pytest.approx(expected, abs=0.06)


def test_an_experiment_that_was_deleted_is_named_so():
    some_lists().delete()
    assert list_analytics(7).by_scenario[0].detail == "Deleted experiment: long"


def test_the_page_shows_the_figures():
    some_lists()
    response = signed_in("staff", is_staff=True).get("/staff/analytics/", {"days": "7"})
    page = unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))
    assert "5 lists, 60.0% opened (23.1% to 88.2%), 20.0% acted on" in page
    assert "Length: short 1 0.0% 0.0% to 79.3%" in page
    assert "Lists are not logged" in page  # the default in tests


def test_a_log_without_lists_says_so():
    response = signed_in("staff", is_staff=True).get("/staff/analytics/")
    assert b"No lists shown yet." in response.content
