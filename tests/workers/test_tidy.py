"""The slower repairs and summaries, as beat schedules them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from catalog.models import PopularQuery, SearchIntent
from catalog.querylog.writing import write
from tests.catalog.querylog.events import asked
from workers import tasks


def test_tidying_closes_intents_and_counts_what_many_asked(committed_db):
    write([asked("robot", visit=None, asker=name) for name in ("ada", "bob", "eve")])
    an_hour_ago = timezone.now() - timedelta(hours=1)
    SearchIntent.objects.update(started_at=an_hour_ago, last_at=an_hour_ago)
    tasks.tidy()
    assert not SearchIntent.objects.filter(open=True).exists()
    assert PopularQuery.objects.get().askers == 3
