"""Redis may go away, forget everything or stop answering: saving and searching go on, and nothing stays unembedded."""

from __future__ import annotations

from tests.faults.site import Site
from tests.waiting import wait_until

SAVED_WITHIN_S, ANSWERED_WITHIN_S = 2.0, 5.0


def assert_saving_and_searching_work(site: Site, external_id: str) -> None:
    for number in range(3):
        saved = site.save(f"{external_id}-{number}", f"Storm over the island {external_id}")
        assert saved.status == 200, saved.body
        assert saved.took_s < SAVED_WITHIN_S
        found = site.search(f"storm {external_id}")
        assert found.status == 200, found.body
        assert f"{external_id}-{number}" in [hit["external_id"] for hit in found.body["hits"]]
        assert found.took_s < ANSWERED_WITHIN_S


def test_while_redis_is_down_items_are_saved_and_found_and_later_embedded(site: Site):
    site.services.redis.process.kill()
    try:
        assert_saving_and_searching_work(site, "down")
    finally:
        site.services.redis.start()
    site.wait_until_embedded(timeout_s=60)


def test_while_redis_accepts_and_never_answers_items_are_saved_and_found_and_later_embedded(site: Site):
    redis = site.redis_process()
    redis.suspend()
    try:
        assert_saving_and_searching_work(site, "hole")
        ready = site.ask("readyz")
        assert ready.status == 200
        assert ready.body["redis"] == "unavailable"
        assert ready.took_s < ANSWERED_WITHIN_S
    finally:
        redis.resume()
    site.wait_until_embedded(timeout_s=60)


def test_after_redis_forgot_everything_wake_ups_arrive_as_before(site: Site):
    with site.redis() as client:
        client.flushall()
    assert site.save("flushed", "Winter in the city").status == 200
    site.wait_until_embedded(timeout_s=20)


def test_a_flush_in_the_middle_of_a_load_loses_nothing(site: Site):
    site.insert_unannounced("flush-", 600)
    with site.redis() as client:
        wait_until(lambda: client.flushall() and site.unfinished() < 300, timeout_s=60, what="half of the load")
    site.wait_until_embedded(timeout_s=60)


def test_the_same_wake_up_ten_times_changes_nothing(site: Site):
    before = site.state()
    site.wake("workers.tasks.embed_pending", queue="embedding", times=10)
    site.wake("workers.tasks.tidy", queue="jobs", times=10)
    wait_until(lambda: site.waiting_messages() == 0, timeout_s=30, what="the messages to be taken")
    assert site.save("after", "Rain on the train").status == 200
    site.wait_until_embedded(timeout_s=30)
    after = site.state()
    assert after.pop(max(after)) is not None
    assert after == before
