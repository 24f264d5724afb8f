"""Claims: each item belongs to one worker at a time, for as long as the database's clock allows."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog.models import IndexVersion
from tests.databases import connect
from tests.factories import make_items, make_version
from tests.ledger import ledger
from workers.claims import claim, fail, reclaim_expired


@pytest.fixture
def version(committed_db: str) -> IndexVersion:
    version = make_version()
    make_items([{"external_id": f"film {number}"} for number in range(8)])
    return version


def execute(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def expire_leases() -> None:
    execute("UPDATE catalog_embeddingstate SET leased_until = clock_timestamp() - interval '1 ms' WHERE token NOTNULL")


def attempts() -> list[int]:
    return [count for (count,) in execute("SELECT attempts FROM catalog_embeddingstate ORDER BY item_id")]


def test_no_item_is_claimed_twice(version):
    first, second, third = (claim(version, limit=3) for _ in range(3))
    claimed = [one.item_id for batch in (first, second, third) for one in batch]
    assert (len(first), len(second), len(third)) == (3, 3, 2)
    assert len(set(claimed)) == 8
    assert claim(version, limit=3) == []


def test_rows_that_another_worker_is_taking_are_passed_over_at_once(version):
    with connect() as other:
        taken = {
            item_id
            for (item_id,) in other.execute(
                "SELECT item_id FROM catalog_embeddingstate ORDER BY item_id LIMIT 5 FOR UPDATE"
            )
        }
        claimed = {one.item_id for one in claim(version, limit=8)}
    assert len(claimed) == 3
    assert not claimed & taken


def test_a_lease_is_counted_by_the_databases_clock(version, settings):
    settings.EMBEDDING_LEASE_S = 40
    claim(version, limit=1)
    ((left_s,),) = execute(
        "SELECT extract(epoch FROM leased_until - clock_timestamp()) FROM catalog_embeddingstate WHERE token NOTNULL"
    )
    assert 30 < left_s <= 40


def test_a_lease_that_holds_is_left_alone(version):
    claim(version, limit=3)
    assert reclaim_expired() == 0
    assert sorted(ledger(version).values()) == ["leased"] * 3 + ["pending"] * 5


def test_what_a_dead_worker_held_becomes_pending_and_comes_after_what_was_never_tried(version):
    dead = {one.item_id for one in claim(version, limit=3)}
    expire_leases()
    assert reclaim_expired() == 3
    fresh = {one.item_id for one in claim(version, limit=8)}
    assert len(fresh) == 5
    assert not fresh & dead
    assert {one.item_id for one in claim(version, limit=64)} == dead


def test_items_that_were_with_dying_workers_are_taken_in_ever_smaller_numbers(version):
    sizes = []
    for _ in range(3):
        sizes.append(len(claim(version, limit=16)))
        expire_leases()
        reclaim_expired()
    assert sizes == [8, 4, 1]
    assert sorted(attempts()) == [1, 1, 1, 1, 2, 2, 2, 3]


def test_an_item_that_killed_several_workers_is_set_aside_with_the_reason(version, settings):
    settings.EMBEDDING_MAX_ATTEMPTS = 2
    for _ in range(2):
        claim(version, limit=1)
        execute("UPDATE catalog_embeddingstate SET attempts = attempts + 1 WHERE token NOTNULL")
        expire_leases()
        reclaim_expired()
    states = execute("SELECT error FROM catalog_embeddingstate WHERE state = 'failed'")
    assert states == [("The worker stopped before finishing 2 times.",)] * 2


def test_a_failure_is_tried_again_until_the_attempts_are_used_up(version, settings):
    settings.EMBEDDING_MAX_ATTEMPTS = 3
    execute("DELETE FROM catalog_item WHERE external_id <> 'film 0'")
    states = []
    for _ in range(3):
        claims = claim(version, limit=1)
        fail(version, claims, "It is \0 poison.")
        states.append(ledger(version)["film 0"])
    assert states == ["pending", "pending", "failed"]
    assert execute("SELECT error FROM catalog_embeddingstate") == [("It is  poison.",)]
    assert claim(version, limit=1) == []


def test_a_failure_under_a_lost_claim_changes_nothing(version):
    claims = claim(version, limit=8)
    execute("UPDATE catalog_item SET title = 'Edited'")
    fail(version, claims, "It is poison.")
    assert set(ledger(version).values()) == {"pending"}
    assert set(attempts()) == {0}
