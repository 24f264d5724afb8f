"""A local picture is converted to a JPEG once; the copy is read until the picture changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from catalog.pictures.copies import KEPT_S, forget_old_copies, picture_copy
from catalog.pictures.errors import PictureBroken, PicturesBusy, PictureUnavailable
from catalog.pictures.turns import picture_turn
from tests.clip_checkpoints import picture
from tests.picture_server import file_of


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.PICTURE_ROOT, settings.MEDIA_ROOT = tmp_path / "pictures", tmp_path / "media"
    settings.PICTURE_ROOT.mkdir()
    settings.PICTURE_WAIT_S = 0.0
    return tmp_path


def copies(media: Path) -> list[Path]:
    return sorted(path for path in (media / "media").rglob("*") if path.is_file())


def test_the_second_time_the_copy_is_read_and_nothing_is_decoded(media, settings):
    (media / "pictures" / "a.png").write_bytes(file_of(picture("red")))
    first = picture_copy("a.png")
    assert first.startswith(b"\xff\xd8")
    (copy,) = copies(media)
    copy.write_bytes(b"the copy")
    settings.PICTURE_CONCURRENCY = 1
    with picture_turn():
        assert picture_copy("a.png") == b"the copy", "it takes no turn either"


def test_a_picture_that_changes_has_a_new_copy(media):
    file = media / "pictures" / "a.png"
    file.write_bytes(file_of(picture("red")))
    red = picture_copy("a.png")
    file.write_bytes(file_of(picture("blue")))
    os.utime(file, ns=(1, 1))
    assert picture_copy("a.png") != red
    assert len(copies(media)) == 2


def test_where_all_turns_are_taken_it_says_so(media, settings):
    (media / "pictures" / "a.png").write_bytes(file_of(picture("red")))
    settings.PICTURE_CONCURRENCY = 1
    with picture_turn(), pytest.raises(PicturesBusy):
        picture_copy("a.png")
    assert picture_copy("a.png").startswith(b"\xff\xd8")


def test_what_is_no_picture_leaves_no_copy(media):
    (media / "pictures" / "a.png").write_bytes(file_of(picture("red"))[:60])
    with pytest.raises(PictureBroken):
        picture_copy("a.png")
    with pytest.raises(PictureUnavailable):
        picture_copy("b.png")
    assert copies(media) == []


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(media, caplog):
    (media / "media").write_bytes(b"a file where the folder should be")
    (media / "pictures" / "a.png").write_bytes(file_of(picture("red")))
    for _ in range(2):
        assert picture_copy("a.png").startswith(b"\xff\xd8")
    assert "cannot be kept" in caplog.text


def test_copies_of_long_ago_are_deleted_in_turns(media):
    for name in ("a.png", "b.png"):
        (media / "pictures" / name).write_bytes(file_of(picture("red")))
        picture_copy(name)
    old, new = copies(media)
    long_ago = old.stat().st_mtime - KEPT_S - 1
    os.utime(old, (long_ago, long_ago))
    assert sum(forget_old_copies(turn=turn) for turn in range(1_000, 1_256)) == 1
    assert copies(media) == [new]
