"""Reading the bytes of a picture, from files and over real connections."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from catalog.pictures import reading
from catalog.pictures.errors import PictureError, PictureRefused, PictureTooLarge, PictureUnavailable
from catalog.pictures.reading import read_picture
from searchsite.embedded.ports import free_port
from tests.chat_server import failing, hanging_up, raw
from tests.picture_server import PictureServer


@pytest.fixture(autouse=True)
def root(settings, tmp_path: Path) -> Path:
    settings.PICTURE_ROOT = tmp_path / "pictures"
    settings.PICTURE_ALLOW_PRIVATE = True
    (tmp_path / "pictures" / "covers").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(b"secret")
    return tmp_path / "pictures"


def test_a_path_is_a_file_under_the_root(root):
    (root / "covers" / "a b.png").write_bytes(b"bytes")
    assert read_picture("covers/a b.png") == b"bytes"


@pytest.mark.parametrize("path", ["../outside.png", "covers/../../outside.png", "/etc/hostname.png", "link.png"])
def test_nothing_outside_of_the_root_is_read(root, path):
    (root / "link.png").symlink_to(root.parent / "outside.png")
    with pytest.raises(PictureRefused):
        read_picture(path)


def test_links_that_go_round_lead_nowhere(root):
    (root / "a.png").symlink_to(root / "b.png")
    (root / "b.png").symlink_to(root / "a.png")
    with pytest.raises(PictureRefused):
        read_picture("a.png")


def test_a_missing_file_and_what_is_none_may_be_there_later(root):
    os.mkfifo(root / "pipe.png")
    for path in ("missing.png", "covers", "pipe.png"):
        with pytest.raises(PictureUnavailable) as raised:
            read_picture(path)
        assert raised.value.may_pass


def test_a_file_or_body_over_the_limit_is_refused(root, settings):
    settings.PICTURE_MAX_BYTES = 10
    (root / "large.png").write_bytes(b"x" * 11)
    with pytest.raises(PictureTooLarge):
        read_picture("large.png")
    with PictureServer(large=raw([b"x" * 6] * 2)) as server, pytest.raises(PictureTooLarge):
        read_picture(server.url("large"))


def test_an_address_is_fetched_whatever_its_server_calls_it():
    with PictureServer(a=raw([b"by", b"tes"], content_type="text/html")) as server:
        assert read_picture(server.url("a", host="localhost")) == b"bytes"


def test_a_redirect_is_followed_to_where_it_may_lead():
    with PictureServer(goal=raw([b"bytes"])) as goal, PictureServer() as server:
        server.replies["a"] = failing(301, Location="/b")
        server.replies["b"] = failing(302, Location=goal.url("goal"))
        assert read_picture(server.url("a")) == b"bytes"


def test_redirects_without_end_are_given_up():
    with PictureServer(a=failing(302, Location="/a")) as server:
        with pytest.raises(PictureUnavailable, match="redirects"):
            read_picture(server.url("a"))
        assert len(server.asked) == 1 + reading.MOST_REDIRECTS


@pytest.mark.parametrize(
    "goal", ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "gopher://x/", "//[::]/", "http://["]
)
def test_a_redirect_to_where_nothing_is_called_is_refused(goal):
    with PictureServer(a=failing(302, Location=goal)) as server, pytest.raises(PictureError) as raised:
        read_picture(server.url("a"))
    assert not raised.value.may_pass


def test_a_private_address_gets_no_connection_unless_it_is_allowed(settings):
    settings.PICTURE_ALLOW_PRIVATE = False
    with PictureServer(a=raw([b"bytes"])) as server:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(PictureRefused):
                read_picture(server.url("a", host=host))
        assert server.asked == []


@pytest.mark.parametrize("reply", [failing(404), failing(503), hanging_up])
def test_a_server_that_fails_may_do_better_later(reply):
    with PictureServer(a=reply) as server, pytest.raises(PictureUnavailable) as raised:
        read_picture(server.url("a"))
    assert raised.value.may_pass


def test_nobody_there_and_a_server_that_is_slow_may_do_better_later(monkeypatch):
    monkeypatch.setattr(reading, "DEADLINE_S", 0.4)
    with pytest.raises(PictureUnavailable):
        read_picture(f"http://127.0.0.1:{free_port()}/a.png")
    with PictureServer(a=raw([b"x"] * 100, pause_s=0.1)) as server, pytest.raises(PictureUnavailable):
        read_picture(server.url("a"))
