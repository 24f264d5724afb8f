"""What staff see of the query log, in numbers worked out by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import SearchIntent
from dashboard.analytics import analytics
from tests.callers import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/staff/analytics/"


def searched(text: str, *, days_ago: int = 0, **fields: Any) -> None:
    moment = timezone.now() - timedelta(days=days_ago)
    usual: dict[str, Any] = {
        "source": "page",
        "asker": 1,
        "folded": text.lower(),
        "request_ids": [],
        "shown": [],
        "total": 30,
        "close_total": 9,
        "filtered": False,
        "semantic_ratio": 0.5,
        "degraded": False,
        "processing_ms": 10.0,
    }
    SearchIntent.objects.create(text=text, started_at=moment, last_at=moment, **usual | fields)


def some_searches() -> None:
    searched("Robot", best_click=1)
    searched("robot", days_ago=1, best_click=4, processing_ms=30.0)
    searched("robot", days_ago=1)
    searched("xyzzy", days_ago=6, close_total=0, degraded=True)
    searched("long ago", days_ago=7, best_click=2)


def page(days: str = "") -> str:
    response = signed_in("staff", is_staff=True).get(PAGE, {"days": days} if days else {})
    assert response.status_code == 200
    return unescape(response.content.decode())


def kpis(html: str) -> dict[str, str]:
    found = re.findall(r'<div class="kpi"><dt>(.*?)</dt><dd>(.*?)</dd>', html)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in found}


def test_totals_are_counted_once_an_intent():
    some_searches()
    totals = analytics(7).totals
    assert (totals.searches, totals.nothing_close, totals.clicked) == (4, 1, 2)
    assert totals.nothing_close_rate == 1 / 4
    assert totals.click_rate == 2 / 4
    assert totals.reciprocal_place == pytest.approx((1 / 1 + 1 / 4) / 2)


def test_each_period_counts_its_days_with_today():
    some_searches()
    assert [analytics(days).totals.searches for days in (7, 30, 90)] == [4, 5, 5]
    searched("older", days_ago=89)
    searched("too old", days_ago=90)
    assert analytics(90).totals.searches == 6


def test_queries_are_counted_for_all_their_spellings():
    some_searches()
    first, *others = analytics(7).top
    assert (first.query, first.counts.searches, first.counts.clicked) == ("robot", 3, 2)
    assert first.counts.reciprocal_place == pytest.approx(0.625)
    assert [row.query for row in others] == ["xyzzy"]
    assert [row.query for row in analytics(7).without_results] == ["xyzzy"]


def test_the_chart_has_a_point_a_day_on_one_scale():
    some_searches()
    chart = analytics(7).chart
    today = timezone.now().astimezone(UTC).date()
    assert chart.first_day == datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=6)
    heights = {
        name: [float(point.split()[1]) for point in line.line[1:].split(" L")]
        for name, line in (("searches", chart.searches), ("clicked", chart.clicked), ("nothing", chart.nothing_close))
    }
    # A box of 120 with a margin of 1: at most two searches a day, so each search is 59 high.
    assert heights["searches"] == [60, 119, 119, 119, 119, 1, 60]
    assert heights["clicked"] == [119, 119, 119, 119, 119, 60, 60]
    assert heights["nothing"] == [60, 119, 119, 119, 119, 119, 119]


def test_the_page_shows_the_figures_and_links_queries_to_their_search():
    some_searches()
    searched("ham & eggs", best_click=1)
    html = page("7")
    assert ">1 search</dd>" in html
    assert kpis(html) == {
        "Searches": "5",
        "Nothing close": "20%",
        "Click-through": "60%",
        "Reciprocal rank": "0.75",
        "Response time": "14 ms",
    }
    assert '<a class="link" href="/search?q=robot">robot</a>' in html
    assert '<a class="link" href="/search?q=ham%20%26%20eggs">ham & eggs</a>' in html
    assert '<a href="?days=7" aria-current="page">7 days</a>' in html


def test_an_empty_log_has_no_rates():
    html = page()
    assert kpis(html) == {
        "Searches": "0",
        "Nothing close": "—",
        "Click-through": "—",
        "Reciprocal rank": "—",
        "Response time": "—",
    }
    assert "No searches yet." in html


@pytest.mark.parametrize("days", ["", "31", "-7", "7 OR 1=1", "9" * 500])
def test_any_other_period_is_taken_for_thirty_days(days):
    assert '<a href="?days=30" aria-current="page">30 days</a>' in page(days)


def test_what_visitors_typed_is_shown_as_text():
    searched("<script>alert(1)</script>")
    response = signed_in("staff", is_staff=True).get(PAGE)
    assert b"<script>alert(1)" not in response.content
    assert b"&lt;script&gt;alert(1)" in response.content


def test_staff_are_told_when_nothing_is_logged_and_when_it_is_kept_for_less(settings):
    settings.QUERY_LOG = False
    assert "Searches are not logged" in page("90")
    settings.QUERY_LOG, settings.QUERY_LOG_DAYS = True, 30
    assert "Searches are deleted after 30 days." in page("90")
    assert "forgotten" not in page("30")


def test_the_page_costs_few_queries(django_assert_num_queries):
    some_searches()
    client = signed_in("staff", is_staff=True)
    with django_assert_num_queries(7):  # session, user, the four of searches and the one of lists
        client.get(PAGE)
