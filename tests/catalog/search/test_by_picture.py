"""Texts and pictures in one index: each is found by either, and neither drowns the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection

from catalog.embedding.base import ImageEncoder
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.index.graphs import graphs_of
from catalog.index.versions import ensure_active_version
from catalog.items.saving import save_items
from catalog.models import IndexVersion, Item
from catalog.search import SearchQuery, by_picture, dense, search
from catalog.search.by_picture import KEPT_S, ask_for_picture, check_reads_pictures, keep_picture, kept_picture
from catalog.search.closeness import closeness_parameters
from catalog.search.scope import EVERYTHING
from catalog.search.similar import similar_items
from recommender.vectors import centre_of, item_vectors
from tests.clip_checkpoints import COLOURS, picture, write_colours
from tests.databases import committed_db, template_database
from tests.factories import make_version
from tests.picture_server import file_of
from workers.embed import drain

__all__ = ["committed_db", "template_database"]


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("models") / "colours")


@pytest.fixture
def version(committed_db: str, colours: Path, settings, tmp_path: Path) -> Iterator[IndexVersion]:
    """Items that only show a colour, items that only name one, and many that do neither."""
    settings.ENCODER_MODEL, settings.ENCODER_BACKEND, settings.PICTURE_ROOT = str(colours), "clip", tmp_path
    rows = [{"external_id": f"other {number}", "title": f"item number {number}"} for number in range(20)]
    for number in range(20):
        (tmp_path / f"grey{number}.png").write_bytes(file_of(picture((100 + number, 100, 100))))
        rows[number]["image"] = f"grey{number}.png"
    for place, name in enumerate(COLOURS):
        shade = [30, 30, 30]
        shade[place] = 250
        (tmp_path / f"{name}.png").write_bytes(file_of(picture((shade[0], shade[1], shade[2]))))
        rows.append({"external_id": f"shown {name}", "title": "a thing", "image": f"{name}.png"})
        rows.append({"external_id": f"named {name}", "title": f"{name} {name} {name}"})
    save_items(rows)
    version = ensure_active_version()
    drain()
    version.refresh_from_db()
    yield version
    cache.clear()


def found(**query: object) -> list[str]:
    results = search(SearchQuery(semantic_ratio=1, **query))  # type: ignore[arg-type]
    return [hit.item.external_id for hit in results.hits if hit.close]


def looked_for(version: IndexVersion, colour: str) -> tuple[float, ...]:
    return ask_for_picture(version, file_of(picture(colour))).vector


@pytest.mark.parametrize("colour", COLOURS)
def test_words_find_the_texts_and_the_pictures_of_what_they_say(version, colour):
    assert set(found(text=colour)) == {f"named {colour}", f"shown {colour}"}


@pytest.mark.parametrize("colour", COLOURS)
def test_a_picture_finds_the_pictures_and_the_texts_of_what_it_shows(version, colour):
    assert set(found(picture=looked_for(version, "lime" if colour == "green" else colour))) == {
        f"named {colour}",
        f"shown {colour}",
    }


def test_the_hit_says_whether_its_picture_or_its_text_was_nearer(version):
    hits = search(SearchQuery(text="red", semantic_ratio=1)).hits
    assert {hit.item.external_id: hit.by_picture for hit in hits if hit.close} == {
        "named red": False,
        "shown red": True,
    }


def test_a_picture_and_words_are_looked_for_together_by_their_weights(version):
    blue = looked_for(version, "blue")
    assert found(text="red", picture=blue, picture_weight=0.0)[0].endswith("red")
    assert found(text="red", picture=blue, picture_weight=1.0)[0].endswith("blue")
    both = found(text="red", picture=blue, picture_weight=0.5)
    assert {name.split()[1] for name in both} == {"red", "blue"}


def test_a_filter_keeps_to_what_it_leaves_and_scores_the_same(version):
    blue = looked_for(version, "blue")
    all_hits = {hit.item.pk: hit.cosine for hit in search(SearchQuery(picture=blue, limit=100)).hits}
    hits = search(SearchQuery(picture=blue, filter='external_id != "named blue"')).hits
    assert [hit.item.external_id for hit in hits if hit.close] == ["shown blue"]
    assert {hit.item.pk: hit.cosine for hit in hits} == {
        hit.item.pk: pytest.approx(all_hits[hit.item.pk], abs=1e-6) for hit in hits
    }


def test_items_like_an_item_are_like_its_picture_too(version):
    item = Item.objects.get(external_id="shown blue")
    assert similar_items(item)[0].item.external_id == "named blue"


def test_vectors_of_items_for_recommendations_are_of_their_texts_alone(version):
    encoder = encoder_for(version.encoder_spec)
    item = Item.objects.get(external_id="shown blue")
    expected = encoder.encode_documents([item.title])[0]
    assert item_vectors(version, [item.pk])[item.pk] @ expected > 0.999
    centre = centre_of(version)
    assert centre is not None
    texts = encoder.encode_documents(list(Item.objects.values_list("title", flat=True)))
    np.testing.assert_allclose(centre.vector, texts.mean(axis=0), atol=0.01)


def test_a_version_of_texts_alone_looks_for_no_picture(db):
    with pytest.raises(InvalidQuery) as raised:
        check_reads_pictures(make_version())
    assert (raised.value.field, raised.value.code) == ("image", "no_image_encoder")


def test_the_vector_of_a_picture_is_the_encoders(version):
    encoder = encoder_for(version.encoder_spec)
    assert isinstance(encoder, ImageEncoder)
    for _ in ("encoded", "remembered"):
        vector = np.array(looked_for(version, "blue"))
        assert vector @ encoder.encode_images([picture("blue")])[0] > 0.999


def test_a_picture_is_kept_under_a_token_of_its_own_and_for_long_after_it_was_asked_for():
    first, second = keep_picture(file_of(picture("red"))), keep_picture(file_of(picture("red")))
    assert first != second
    assert kept_picture(first) == kept_picture(second)
    assert (kept_picture(first) or b"").startswith(b"\xff\xd8")
    assert kept_picture("another") is None
    assert KEPT_S >= 600


def test_so_many_pictures_are_kept_and_the_oldest_makes_way(monkeypatch):
    monkeypatch.setattr(by_picture, "MOST_KEPT", 3)
    tokens = [keep_picture(file_of(picture(name))) for name in ("red", "lime", "blue", "white")]
    assert [kept_picture(token) is not None for token in tokens] == [False, True, True, True]


@pytest.mark.parametrize("token", ["", "-", "1", "1-", "1-é", "-1-x", "٣-x", "9" * 9_999 + "-x", "1-" + "x" * 9_999])
def test_a_token_that_was_never_given_is_had_by_nobody(token):
    for _ in range(3):
        keep_picture(file_of(picture("red")))
    assert kept_picture(token) is None


def test_texts_and_pictures_are_each_found_by_a_graph_of_their_own(version):
    statement = dense._nearest_of_all_kinds(version, EVERYTHING, passages=10)
    vector = [1.0] + [0.0] * (version.dimensions - 1)
    parameters: dict[str, Any] = {"vector": dense.vector_literal(vector), **closeness_parameters(version, vector)}
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_sort = off")
        cursor.execute(f"EXPLAIN {statement}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for graph in graphs_of(version):
        assert f"Index Scan using {graph} " in plan
