"""Wake-ups on a real Redis: one of a kind at a time, and no harm done when Redis forgets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from celery.signals import task_prerun
from django.conf import settings
from django.core.cache import cache

from workers import tasks
from workers.wakeups import wake


@pytest.fixture(autouse=True)
def broker() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()


def test_each_task_goes_to_the_queue_of_the_worker_that_runs_it(broker):
    wake(tasks.embed_pending)
    wake(tasks.tidy)
    wake(tasks.advance_reindex, run_id=1)
    wake(tasks.load_file, run_id=1)
    wake(tasks.look_for_work)
    wake(tasks.refresh_profile, user_id=1, visitor=None)
    assert {name: broker.llen(name) for name in ("embedding", "jobs", "events")} == {
        "embedding": 1,
        "jobs": 3,
        "events": 2,
    }


def test_while_a_message_is_underway_another_like_it_is_not_sent(broker):
    assert [wake(tasks.embed_pending) for _ in range(10)] == [True] * 10
    assert broker.llen("embedding") == 1


def test_messages_about_different_things_are_all_sent(broker):
    for run_id in (1, 2, 2):
        wake(tasks.advance_reindex, run_id=run_id)
    assert broker.llen("jobs") == 2


def test_once_the_task_has_begun_the_next_message_is_sent(broker):
    wake(tasks.embed_pending)
    task_prerun.send(sender=tasks.embed_pending, task_id="1", task=tasks.embed_pending, args=(), kwargs={})
    wake(tasks.embed_pending)
    assert broker.llen("embedding") == 2


def test_after_redis_forgot_its_queues_a_message_arrives_all_the_same(broker):
    wake(tasks.embed_pending)
    broker.flushall()
    cache.clear()
    assert wake(tasks.embed_pending)
    assert broker.llen("embedding") == 1
