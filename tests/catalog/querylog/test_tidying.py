"""Closing, counting and forgetting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import PopularQuery, SearchIntent
from catalog.querylog import tidying
from catalog.querylog.tidying import tidy_query_log
from catalog.querylog.writing import write
from tests.catalog.querylog.events import VISIT, asked

pytestmark = pytest.mark.django_db


def popular() -> dict[str, tuple[int, int]]:
    rows = PopularQuery.objects.values_list("text", "searches", "askers")
    return {text: (searches, askers) for text, searches, askers in rows}


def ask(text: str, *askers: str, ago: timedelta = timedelta(hours=1), **fields: Any) -> None:
    write([asked(text, visit=None, asker=asker, **fields) for asker in askers])
    moment = timezone.now() - ago
    SearchIntent.objects.filter(text=text).update(started_at=moment, last_at=moment)


def test_an_intent_that_is_over_is_closed_and_its_visit_forgotten():
    write([asked("robot"), asked("whale", visit=VISIT)])
    for text, minutes in (("robot", 31), ("whale", 29)):
        moment = timezone.now() - timedelta(minutes=minutes)
        SearchIntent.objects.filter(text=text).update(started_at=moment, last_at=moment)
    assert tidy_query_log() == 1
    states = {intent.text: (intent.open, intent.visit) for intent in SearchIntent.objects.all()}
    assert states == {"robot": (False, None), "whale": (True, VISIT)}


def test_a_query_is_popular_once_enough_different_people_asked_it():
    ask("robot love", "ada", "bob", "ada", "ada")
    tidy_query_log()
    assert popular() == {}
    ask("robot love", "eve")
    tidy_query_log()
    assert popular() == {"robot love": (5, 3)}


def test_one_visitor_makes_nothing_popular_however_often_they_ask():
    ask("my own name", *["ada"] * 50)
    tidy_query_log()
    assert popular() == {}


def test_how_many_people_it_takes_is_a_setting(settings):
    settings.SUGGEST_MIN_ASKERS = 1
    ask("robot", "ada")
    tidy_query_log()
    assert popular() == {"robot": (1, 1)}


def test_what_found_nothing_close_or_had_to_be_corrected_is_not_popular():
    ask("xyzzy", "ada", "bob", "eve", close_total=0)
    ask("robbot", "ada", "bob", "eve", corrected=True)
    tidy_query_log()
    assert popular() == {}


def test_all_spellings_count_together_and_the_commonest_is_shown():
    ask("Amélie", "ada", "bob")
    ask("amelie", "eve")
    tidy_query_log()
    assert popular() == {"Amélie": (3, 3)}


def test_old_intents_are_forgotten_and_count_no_more(settings):
    settings.QUERY_LOG_DAYS = 10
    ask("robot", "ada", "bob", "eve")
    ask("whale", "ada", "bob", "eve")
    tidy_query_log()
    SearchIntent.objects.filter(text="whale").update(started_at=timezone.now() - timedelta(days=11))
    assert tidy_query_log() == 3
    assert popular() == {"robot": (3, 3)}
    assert set(SearchIntent.objects.values_list("text", flat=True)) == {"robot"}


def test_many_are_closed_in_batches_and_only_the_commonest_kept(monkeypatch):
    monkeypatch.setattr(tidying, "BATCH", 2)
    monkeypatch.setattr(tidying, "POPULAR_KEPT", 1)
    ask("rare", "ada", "bob", "eve")
    ask("common", "ada", "bob", "eve", "joe")
    assert tidy_query_log() == 7
    assert popular() == {"common": (4, 4)}
    assert not SearchIntent.objects.filter(open=True).exists()


def test_nothing_to_do_costs_little(django_assert_num_queries):
    with django_assert_num_queries(2 * 4):  # a check for each kind of work, its timeout and its savepoint
        assert tidy_query_log() == 0
