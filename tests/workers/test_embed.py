"""From pending items to vectors, with a real encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.db import OperationalError

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.registry import encoder_for
from catalog.index.partitions import create_partitions
from catalog.index.reindex import pause_reindex, start_reindex
from catalog.index.versions import ensure_active_version, new_version, save_new_version
from catalog.items.saving import save_item
from catalog.models import EmbeddingState, IndexVersion, Item, ReindexRun
from recommender.models import TasteModel
from recommender.space import storage
from recommender.space.contents import Contents
from recommender.space.folding import Spreads
from recommender.space.learning import Guess
from recommender.space.parameters import Parameters
from recommender.space.spaces import Space
from tests.checkpoints import POISON
from tests.factories import make_items
from tests.full_disk import no_room_in
from tests.ledger import ledger, passages, row, vector_of
from workers.embed import drain
from workers.reindex import advance


@pytest.fixture
def version(committed_db: str, checkpoint: Path, settings) -> IndexVersion:
    settings.ENCODER_MODEL = str(checkpoint)
    return ensure_active_version()


def expected(version: IndexVersion, text: str) -> np.ndarray:
    return encoder_for(version.encoder_spec).encode_documents([text])[0]


def films(count: int, **extra: str) -> list[dict[str, str]]:
    return [{"external_id": f"film {number}", "title": f"The ship {number}", **extra} for number in range(count)]


def test_every_pending_item_gets_the_vector_of_its_own_text(version):
    make_items(films(10))
    assert drain() == 10
    assert set(ledger(version).values()) == {"done"}
    assert passages(version) == {f"film {number}": 1 for number in range(10)}
    for item in Item.objects.all():
        assert np.dot(vector_of(version, item), expected(version, item.title)) > 0.999


@pytest.mark.parametrize("claim_items", [1, 3, 100])
def test_batches_of_any_size_give_the_same(version, settings, claim_items):
    settings.EMBEDDING_CLAIM_ITEMS = claim_items
    make_items(films(7))
    assert drain() == 7
    assert len(passages(version)) == 7


def test_without_a_version_it_makes_the_first_for_all_items(committed_db, checkpoint, settings):
    settings.ENCODER_MODEL = str(checkpoint)
    make_items(films(3))
    assert drain() == 3
    version = IndexVersion.objects.active()
    assert version is not None
    assert (version.dimensions, version.max_tokens, version.window_tokens) == (32, 128, 126)


def test_a_long_document_gets_several_passages_and_a_blank_one_none(version):
    make_items([{"external_id": "long", "body": "the ship is lost in fog. " * 60}])
    save_item(external_id="blank", title="*")
    Item.objects.filter(external_id="blank").update(title="")
    drain()
    assert ledger(version) == {"long": "done", "blank": "done"}
    assert list(passages(version)) == ["long"]
    assert passages(version)["long"] >= 4


def test_an_edit_replaces_the_vector_and_an_edit_of_a_price_does_not_encode(version, settings):
    item = save_item(external_id="fog", title="Hedgehog in the fog")
    drain()
    first = vector_of(version, item)
    settings.ENCODER_MODEL = "/nowhere"
    save_item(external_id="fog", title="Hedgehog in the fog", attributes={"price": 3})
    assert drain() == 1
    assert vector_of(version, item) == first
    save_item(external_id="fog", title="War of the robot")
    drain()
    assert vector_of(version, item) != first


def test_a_poison_item_is_set_aside_with_its_reason_and_the_others_finish(version, settings, caplog):
    settings.EMBEDDING_MAX_ATTEMPTS = 3
    make_items([*films(9), {"external_id": "bad", "title": f"The {POISON} ship"}])
    assert drain() == 9
    states = ledger(version)
    assert states.pop("bad") == "failed"
    assert set(states.values()) == {"done"}
    failed = EmbeddingState.objects.failed().get()
    assert failed.attempts == 3
    assert "not finite" in failed.error
    assert "trying halves" in caplog.text
    assert "could not be embedded" in caplog.text


def test_a_full_disk_is_no_items_fault(version, settings):
    settings.EMBEDDING_MAX_ATTEMPTS, settings.EMBEDDING_CLAIM_ITEMS = 1, 4
    make_items(films(12))
    with no_room_in("catalog_passage"):
        for _ in range(3):
            with pytest.raises(OperationalError, match="No space left"):
                drain()
        assert set(ledger(version).values()) == {"pending"}
    assert drain() == 12


def test_an_item_that_was_set_aside_is_embedded_once_it_is_mended(version, settings):
    settings.EMBEDDING_MAX_ATTEMPTS = 1
    save_item(external_id="bad", title=POISON)
    assert drain() == 0
    assert ledger(version) == {"bad": "failed"}
    item = save_item(external_id="bad", title="rain")
    assert drain() == 1
    assert (row(version, item).error, row(version, item).attempts) == ("", 0)


def test_an_item_on_which_the_template_fails_is_set_aside_alone(committed_db, checkpoint, settings):
    settings.ENCODER_MODEL, settings.EMBEDDING_MAX_ATTEMPTS = str(checkpoint), 1
    version = new_version(document_template="{{ title }} {% widthratio 1 1 body %}")
    version.state = "active"
    save_new_version(version)
    make_items([*films(1, body="10"), {"external_id": "bad", "body": "no number"}])
    drain()
    assert ledger(version) == {"film 0": "done", "bad": "failed"}
    assert "document template" in EmbeddingState.objects.failed().get().error


def test_a_slice_ends_after_its_time_and_the_next_goes_on(version, settings):
    settings.EMBEDDING_CLAIM_ITEMS = 1
    make_items(films(20))
    written = drain(until_s=0.0)
    assert written == 0
    assert drain(until_s=60.0) == 20


def test_one_version_whose_model_is_gone_does_not_stop_the_others(version, tmp_path):
    gone = IndexVersion.objects.create(
        model=str(tmp_path / "gone"), dimensions=32, max_tokens=128, window_tokens=126, state="ready"
    )
    create_partitions(gone.pk)
    make_items(films(4))
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        drain()
    assert set(ledger(version).values()) == {"done"}
    assert set(ledger(gone).values()) == {"pending"}
    assert set(EmbeddingState.objects.of(gone).values_list("attempts", flat=True)) == {0}


def test_versions_of_paused_and_failed_runs_are_left_alone(version, checkpoint):
    make_items(films(2))
    run = start_reindex(model=str(checkpoint))
    advance(run.pk)
    assert pause_reindex(run)
    assert drain() == 2
    assert set(ledger(run.version).values()) == {"pending"}
    ReindexRun.objects.update(state="failed")
    assert drain() == 0


def test_an_item_that_is_embedded_is_placed_in_the_serving_taste_space(version):
    save_item(external_id="old", title="A quiet film of rain")
    drain()
    width = version.dimensions
    space = Space(
        parameters=Parameters(),
        contents=Contents(tags={}, numbers={}, centre=np.zeros(width)),
        spreads=Spreads(content=np.eye(width), factors=np.eye(2)),
        guess=Guess(map=np.ones((width, 2)), popularity=np.ones(width), centre=0.5),
    )
    model = TasteModel.objects.create(
        version_id=version.pk, space=space.dump(), dimensions=width + 3, state=TasteModel.State.ACTIVE
    )
    storage.fill(model, [], np.zeros((0, width + 3)), np.zeros((0, 2)))
    item = save_item(external_id="fresh", title="A storm at sea")
    drain()
    target = storage.read(model, [item.pk]).targets[0]
    content = expected(version, "A storm at sea\n")
    assert target[:width] == pytest.approx(content, abs=1e-2)
    assert target[width:] == pytest.approx([content.sum(), content.sum(), content.sum() - 0.5], abs=1e-1)
