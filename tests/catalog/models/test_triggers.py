"""The triggers keep the ledger in step with the items, whoever writes them."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection, transaction

from catalog.models import EmbeddingState, IndexVersion, Item, Passage
from tests.factories import add_vector, make_item, make_items, make_version
from tests.ledger import ledger, passages

pytestmark = pytest.mark.django_db

INSERT = """
    INSERT INTO catalog_item (external_id, title, body, category, attributes, image, language, published,
        created_at, updated_at)
    SELECT 'bulk' || n, 'Title ' || n, '', '', '{}', '', '', n IN (2, 4), now(), now() FROM generate_series(1, 4) AS n
"""


def execute(statement: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]
        return cursor.rowcount


def finish(version: IndexVersion) -> None:
    """Pretend that everything pending has been embedded."""
    for item in Item.objects.published():
        add_vector(version, item, [1, 0, 0])
    execute("UPDATE catalog_embeddingstate SET state = 'done', attempts = 0 WHERE version_id = %s", version.pk)


def changed_at(version: IndexVersion) -> list[datetime]:
    return list(EmbeddingState.objects.of(version).order_by("item_id").values_list("updated_at", flat=True))


def test_a_bulk_insert_makes_published_items_pending_and_leaves_the_others_out():
    version = make_version()
    execute(INSERT)
    assert ledger(version) == {"bulk2": "pending", "bulk4": "pending"}


def test_every_live_version_gets_a_row_and_a_retired_one_does_not():
    active, building, ready = (make_version(state=state) for state in ("active", "building", "ready"))
    retired = make_version(state="retired")
    make_item("fog")
    assert [ledger(version) for version in (active, building, ready)] == [{"fog": "pending"}] * 3
    assert ledger(retired) == {}


def test_without_any_version_items_can_be_written():
    make_item("fog")
    execute("UPDATE catalog_item SET title = 'Mist'")
    execute("DELETE FROM catalog_item")
    assert not EmbeddingState.objects.exists()


def test_a_bulk_update_makes_what_it_changed_pending_in_every_version_and_nothing_else():
    versions = [make_version(), make_version(state="ready")]
    make_items([{"external_id": "fog"}, {"external_id": "stalker"}])
    for version in versions:
        finish(version)
    execute("UPDATE catalog_item SET body = body || ' more' WHERE external_id = 'fog'")
    assert [ledger(version) for version in versions] == [{"fog": "pending", "stalker": "done"}] * 2


def test_an_edit_takes_the_claim_of_a_worker_away_and_forgets_failures():
    version = make_version()
    make_item("fog")
    execute(
        "UPDATE catalog_embeddingstate SET state = 'leased', token = gen_random_uuid(), attempts = 4, error = 'bad', "
        "leased_until = now() + interval '1 hour'"
    )
    execute("UPDATE catalog_item SET title = 'Mist'")
    row = EmbeddingState.objects.of(version).get()
    assert (row.state, row.token, row.leased_until, row.attempts, row.error) == ("pending", None, None, 0, "")


@pytest.mark.parametrize("assignment", ["title = title", "updated_at = now()", "external_id = external_id || '-new'"])
def test_an_update_that_changes_no_text_writes_nothing_to_the_ledger(assignment: str):
    version = make_version()
    make_items([{"external_id": "fog"}, {"external_id": "stalker"}])
    finish(version)
    before = changed_at(version)
    assert execute(f"UPDATE catalog_item SET {assignment}") == 2
    assert changed_at(version) == before
    assert set(ledger(version).values()) == {"done"}


def test_unpublishing_forgets_ledger_rows_and_vectors_and_publishing_makes_it_pending_again():
    versions = [make_version(), make_version(state="building")]
    make_items([{"external_id": "fog"}, {"external_id": "stalker"}])
    for version in versions:
        finish(version)
    execute("UPDATE catalog_item SET published = false WHERE external_id = 'fog'")
    for version in versions:
        assert ledger(version) == {"stalker": "done"}
        assert passages(version) == {"stalker": 1}
    execute("UPDATE catalog_item SET published = true WHERE external_id = 'fog'")
    for version in versions:
        assert ledger(version) == {"fog": "pending", "stalker": "done"}
        assert passages(version) == {"stalker": 1}


def test_a_bulk_delete_forgets_everything_about_the_items():
    version = make_version()
    make_items([{"external_id": "fog"}, {"external_id": "stalker"}])
    finish(version)
    execute("DELETE FROM catalog_item WHERE external_id = 'fog'")
    assert ledger(version) == {"stalker": "done"}
    assert Passage.objects.filter(version_id=version.pk).count() == 1


def test_what_is_rolled_back_leaves_no_trace():
    version = make_version()
    with transaction.atomic():
        make_item("fog")
        transaction.set_rollback(True)
    assert ledger(version) == {}
