"""Pictures of items on their way to vectors, with a real encoder, real files and a real server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from catalog.embedding.base import EncodingFailed, ImageEncoder
from catalog.embedding.registry import encoder_for
from catalog.index.reindex import retry_failed
from catalog.index.versions import ensure_active_version, new_version, save_new_version
from catalog.items.saving import save_item
from catalog.models import PICTURE_ORDINAL, IndexVersion, Item, Passage
from catalog.pictures.decoding import decoded
from tests.chat_server import failing, raw
from tests.clip_checkpoints import picture, write_colours
from tests.ledger import ledger, passages, row
from tests.picture_server import PictureServer, file_of, picture_reply
from workers.embed import drain
from workers.sweep import work_waits


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("models") / "colours")


@pytest.fixture
def version(committed_db: str, colours: Path, settings) -> IndexVersion:
    settings.ENCODER_MODEL, settings.ENCODER_BACKEND = str(colours), "clip"
    return ensure_active_version()


@pytest.fixture(autouse=True)
def root(settings, tmp_path: Path) -> Path:
    settings.PICTURE_ROOT, settings.PICTURE_ALLOW_PRIVATE = tmp_path, True
    return tmp_path


def save_picture(root: Path, name: str, colour: str = "red") -> str:
    (root / name).write_bytes(file_of(picture(colour)))
    return name


def picture_vector(version: IndexVersion, item: Item) -> np.ndarray | None:
    found = Passage.objects.filter(version_id=version.pk, item_id=item.pk, ordinal=PICTURE_ORDINAL).first()
    return None if found is None else np.array(found.embedding, np.float32)


def expected(version: IndexVersion, colour: str) -> np.ndarray:
    encoder = encoder_for(version.encoder_spec)
    assert isinstance(encoder, ImageEncoder)
    return encoder.encode_images([decoded(file_of(picture(colour)))])[0]


def wait_over(version: IndexVersion) -> None:
    """Pretend that the wait before the next try is over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_embeddingstate SET picture_retry_at = now() - interval '1 s'")


def test_an_item_has_the_vectors_of_its_text_and_of_its_picture(version, root):
    with PictureServer(a=picture_reply(picture("blue"), "WEBP")) as server:
        far = save_item(external_id="far", title="Sea", image=server.url("a"))
        near = save_item(external_id="near", title="Sea", image=save_picture(root, "red.jpg"))
        none = save_item(external_id="none", title="Sea")
        assert drain() == 3
    assert passages(version) == {"far": 2, "near": 2, "none": 1}
    assert picture_vector(version, far) @ expected(version, "blue") > 0.999
    assert picture_vector(version, near) @ expected(version, "red") > 0.999
    assert picture_vector(version, none) is None
    assert row(version, near).picture_error == ""


def test_an_edit_of_the_text_leaves_the_picture_alone_and_the_other_way_round(version, root):
    with PictureServer(a=picture_reply(picture("blue"))) as server:
        save_item(external_id="sea", title="Sea", image=server.url("a"))
        drain()
        item = save_item(external_id="sea", title="Another sea", image=server.url("a"))
        drain()
        assert server.asked == ["a"]
    Passage.objects.filter(version_id=version.pk, ordinal=0).update(span_end=77)
    save_item(external_id="sea", title="Another sea", image=save_picture(root, "red.png"))
    drain()
    assert picture_vector(version, item) @ expected(version, "red") > 0.999
    assert Passage.objects.get(version_id=version.pk, ordinal=0).span_end == 77


def test_a_picture_that_is_taken_away_loses_its_vector(version, root):
    item = save_item(external_id="sea", title="Sea", image=save_picture(root, "red.png"))
    drain()
    save_item(external_id="sea", title="Sea")
    drain()
    assert picture_vector(version, item) is None
    assert passages(version) == {"sea": 1}


def test_a_version_of_texts_reads_no_pictures(committed_db, checkpoint, settings):
    settings.ENCODER_MODEL = str(checkpoint)
    version = ensure_active_version()
    with PictureServer(a=picture_reply(picture("blue"))) as server:
        save_item(external_id="sea", title="Sea", image=server.url("a"))
        drain()
        assert server.asked == []
    assert passages(version) == {"sea": 1}


def test_each_version_reads_the_pictures_for_itself(version, colours, root):
    save_item(external_id="sea", title="Sea", image=save_picture(root, "red.png"))
    drain()
    other = new_version(model=str(colours), backend="clip", dimensions=8)
    save_new_version(other)
    save_item(external_id="sea", title="Red sea", image="red.png")
    drain()
    assert passages(other) == passages(version) == {"sea": 2}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.png", file_of(picture("red", width=300, height=300))[:200], "broken"),
        ("text.png", b"This is no picture.", "formats"),
        ("huge.png", file_of(picture("red", width=3_000, height=400)), "1,000,000 pixels"),
        ("heavy.png", b"x" * 100_001, "100,000 bytes"),
    ],
)
def test_a_bad_picture_is_noted_with_its_reason_and_the_text_is_embedded(
    version, root, settings, name, content, reason
):
    settings.PICTURE_MAX_PIXELS, settings.PICTURE_MAX_BYTES = 1_000_000, 100_000
    (root / name).write_bytes(content)
    bad = save_item(external_id="bad", title="Sea", image=name)
    save_item(external_id="good", title="Sea", image=save_picture(root, "red.png"))
    drain()
    assert ledger(version) == {"bad": "done", "good": "done"}
    assert passages(version) == {"bad": 1, "good": 2}
    noted = row(version, bad)
    assert reason in noted.picture_error
    assert noted.picture_retry_at is None, "it stays as it is"


def test_a_private_address_is_refused_for_good_and_not_called(version, settings):
    settings.PICTURE_ALLOW_PRIVATE = False
    with PictureServer(a=picture_reply(picture("blue"))) as server:
        item = save_item(external_id="sea", title="Sea", image=server.url("a"))
        drain()
        assert server.asked == []
    assert "private" in row(version, item).picture_error
    assert row(version, item).picture_retry_at is None


def test_what_cannot_be_had_is_tried_again_later_and_ever_more_seldom(version):
    with PictureServer(a=failing(503)) as server:
        item = save_item(external_id="sea", title="Sea", image=server.url("a"))
        drain()
        pauses = []
        while (noted := row(version, item)).picture_retry_at is not None:
            pauses.append((noted.picture_retry_at - noted.updated_at).total_seconds())
            drain()
            assert len(server.asked) == len(pauses), "it is not time yet"
            wait_over(version)
            assert work_waits()
            drain()
        assert pauses == pytest.approx([300, 1_200, 4_800, 19_200, 76_800], abs=5)
        assert "503" in row(version, item).picture_error
        server.replies["a"] = picture_reply(picture("blue"))
        assert retry_failed(version) == 1
        drain()
    assert picture_vector(version, item) @ expected(version, "blue") > 0.999
    assert (row(version, item).picture_error, row(version, item).picture_attempts) == ("", 0)


def test_a_new_address_begins_anew_and_none_ends_it(version, root):
    item = save_item(external_id="sea", title="Sea", image="missing.png")
    drain()
    assert "no file" in row(version, item).picture_error
    save_item(external_id="sea", title="Sea", image="missing too.png")
    drain()
    assert row(version, item).picture_attempts == 1
    save_item(external_id="sea", title="Sea")
    drain()
    assert (row(version, item).picture_error, row(version, item).picture_retry_at) == ("", None)


def test_servers_that_hang_keep_no_lease_until_it_runs_out(version, settings):
    settings.EMBEDDING_LEASE_S = 1
    with PictureServer(a=raw([b"x"], pause_s=3)) as server:
        item = save_item(external_id="sea", title="Sea", image=server.url("a"))
        drain()
    assert ledger(version) == {"sea": "done"}
    assert "time" in row(version, item).picture_error
    assert row(version, item).picture_retry_at is not None


def test_a_picture_that_the_encoder_fails_on_leaves_those_beside_it_alone(version, root, monkeypatch):
    encoder = encoder_for(version.encoder_spec)
    assert isinstance(encoder, ImageEncoder)
    whole = encoder.encode_images

    def poisoned(images):
        if any(image.getpixel((0, 0))[1] > 200 for image in images):
            raise EncodingFailed("green is poison")
        return whole(images)

    monkeypatch.setattr(encoder, "encode_images", poisoned)
    for colour in ("red", "lime", "blue"):
        save_item(external_id=colour, title="Sea", image=save_picture(root, f"{colour}.png", colour))
    drain()
    assert passages(version) == {"red": 2, "lime": 1, "blue": 2}
    assert row(version, Item.objects.get(external_id="lime")).picture_error == "green is poison"
