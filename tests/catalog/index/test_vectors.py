"""Vectors are written only while the claim holds and the item is still what was embedded."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection as own_connection

from catalog.index.partitions import drop_retired
from catalog.index.vectors import write_passages
from catalog.items.saving import save_item
from catalog.models import EmbeddingBatch, EmbeddingState, IndexVersion, Item
from tests.databases import connect
from tests.factories import make_item, make_version
from tests.ledger import embedded, ledger, passages, row, vector_of
from workers.claims import Claim, claim

ONE, TWO = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]


@pytest.fixture
def version(committed_db: str) -> IndexVersion:
    return make_version()


@pytest.fixture
def item(version: IndexVersion) -> Item:
    return make_item("fog", "Hedgehog in the Fog")


@pytest.fixture
def claimed(version: IndexVersion, item: Item) -> Claim:
    (claimed,) = claim(version, limit=10)
    return claimed


def test_passages_are_written_and_the_ledger_says_done(version, item, claimed):
    assert write_passages(version, [embedded(claimed, item, ONE, TWO, document_hash="abc")], duration_s=2) == 1
    assert passages(version) == {"fog": 2}
    state = row(version, item)
    assert (state.state, state.document_hash, state.attempts, state.token, state.error) == ("done", "abc", 0, None, "")
    batch = EmbeddingBatch.objects.get()
    assert (batch.items, batch.passages, batch.duration_s) == (1, 2, 2.0)


def test_new_passages_take_the_place_of_all_old_ones(version, item, claimed):
    write_passages(version, [embedded(claimed, item, ONE, TWO)], duration_s=1)
    save_item(external_id="fog", title="Hedgehog in the Mist")
    (again,) = claim(version, limit=10)
    item.refresh_from_db()
    write_passages(version, [embedded(again, item, TWO)], duration_s=1)
    assert passages(version) == {"fog": 1}
    assert vector_of(version, item) == TWO


def test_an_item_whose_document_is_unchanged_keeps_its_vectors(version, item, claimed):
    write_passages(version, [embedded(claimed, item, ONE)], duration_s=1)
    save_item(external_id="fog", title="Hedgehog in the Fog", attributes={"price": 3})
    (again,) = claim(version, limit=10)
    item.refresh_from_db()
    assert write_passages(version, [embedded(again, item)], duration_s=1) == 1
    assert vector_of(version, item) == ONE
    assert ledger(version) == {"fog": "done"}


def test_an_item_edited_since_it_was_claimed_is_refused_and_stays_pending(version, item, claimed):
    save_item(external_id="fog", title="Another film altogether")
    assert write_passages(version, [embedded(claimed, item, ONE)], duration_s=1) == 0
    assert passages(version) == {}
    assert ledger(version) == {"fog": "pending"}
    assert not EmbeddingBatch.objects.exists()


def test_an_item_edited_and_claimed_by_another_worker_is_refused_to_the_first(version, item, claimed):
    save_item(external_id="fog", title="Another film altogether")
    (stolen,) = claim(version, limit=10)
    assert write_passages(version, [embedded(claimed, item, ONE)], duration_s=1) == 0
    item.refresh_from_db()
    assert write_passages(version, [embedded(claimed, item, ONE)], duration_s=1) == 0  # right text, lost token
    assert write_passages(version, [embedded(stolen, item, TWO)], duration_s=1) == 1
    assert vector_of(version, item) == TWO


def test_text_changed_behind_the_back_of_the_ledger_is_refused(version, item, claimed):
    item.content_hash = "0" * 32
    assert write_passages(version, [embedded(claimed, item, ONE)], duration_s=1) == 0


def test_a_made_up_token_is_refused(version, item, claimed):
    assert write_passages(version, [embedded(claimed, item, ONE, token=uuid4())], duration_s=1) == 0


@pytest.mark.parametrize("change", ["UPDATE catalog_item SET published = false", "DELETE FROM catalog_item"])
def test_an_item_that_went_away_meanwhile_leaves_no_vector(version, item, claimed, change):
    with own_connection.cursor() as cursor:
        cursor.execute(change)
    assert write_passages(version, [embedded(claimed, item, ONE)], duration_s=1) == 0
    assert passages(version) == {}
    assert not EmbeddingState.objects.exists()


def test_an_item_that_is_being_edited_is_passed_over_at_once(version, item, claimed):
    other = make_item("stalker")
    (second,) = claim(version, limit=10)
    with connect() as editor:
        editor.execute("UPDATE catalog_item SET title = 'Edited' WHERE id = %s", [item.pk])
        written = write_passages(version, [embedded(claimed, item, ONE), embedded(second, other, TWO)], duration_s=1)
        assert written == 1
    assert ledger(version) == {"fog": "pending", "stalker": "done"}
    assert passages(version) == {"stalker": 1}


def test_a_version_retired_and_dropped_meanwhile_takes_nothing_and_raises_nothing(version, item, claimed):
    IndexVersion.objects.filter(pk=version.pk).update(state="retired")
    assert drop_retired() == [version.pk]
    assert write_passages(version, [embedded(claimed, item, ONE)], duration_s=1) == 0
    assert claim(version, limit=10) == []
