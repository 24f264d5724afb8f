"""Calls over real connections: what is sent, and that no response can take too long or be too large."""

from __future__ import annotations

import time
from typing import Any

import pytest

from catalog.outgoing.endpoint import Endpoint, post_json
from catalog.outgoing.errors import (
    EndpointFailed,
    EndpointMalformed,
    EndpointRefused,
    EndpointTooSlow,
    EndpointUnreachable,
)
from searchsite.embedded.ports import free_port
from tests.chat_server import ChatServer, dripping, failing, hanging_up, raw


def endpoint(server: ChatServer, **fields: Any) -> Endpoint:
    wanted: dict[str, Any] = {"url": server.url, "allow_private": True, **fields}
    return Endpoint(**wanted)


def call(target: Endpoint) -> bytes:
    with post_json(target, {"question": "é"}) as reply:
        return reply.read()


def test_the_body_goes_out_as_json_with_the_key_to_the_host_that_was_named():
    with ChatServer(raw([b'{"a":', b" 1}"])) as server:
        url = f"http://localhost:{server.port}/v1/x?y=1"
        assert call(endpoint(server, url=url, api_key="sk-secret")) == b'{"a": 1}'
        asked = server.asked[0]
    assert asked["path"] == "/v1/x?y=1"
    assert asked["body"] == {"question": "é"}
    assert asked["headers"]["Authorization"] == "Bearer sk-secret"
    assert asked["headers"]["Host"] == f"localhost:{server.port}"


def test_the_key_is_in_no_text_about_the_endpoint():
    assert "sk-secret" not in repr(Endpoint(url="https://a.example", api_key="sk-secret"))


def test_a_private_address_gets_no_connection_unless_it_is_allowed():
    with ChatServer(raw([b"{}"])) as server:
        with pytest.raises(EndpointRefused):
            call(endpoint(server, allow_private=False))
        assert server.asked == []


def test_a_redirect_is_not_followed():
    with ChatServer(raw([b"{}"])) as goal, ChatServer(failing(307, Location=f"{goal.url}/stolen")) as server:
        with pytest.raises(EndpointFailed, match="redirects") as raised:
            call(endpoint(server, api_key="sk-secret"))
        assert raised.value.status == 307
        assert goal.asked == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    with ChatServer(raw([b"{}"])) as server, ChatServer(failing(500)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert call(endpoint(server)) == b"{}"
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("status", "header", "retry_after_s"),
    [
        (500, {}, None),
        (429, {"Retry_After": "7"}, 7),
        (503, {"Retry_After": "9" * 30}, 3600),
        (401, {}, None),
        (429, {"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_an_error_says_its_status_and_when_to_come_back(status: int, header: dict[str, str], retry_after_s):
    with ChatServer(failing(status, **header)) as server, pytest.raises(EndpointFailed) as raised:
        call(endpoint(server))
    assert (raised.value.status, raised.value.retry_after_s) == (status, retry_after_s)


def test_a_body_without_end_is_broken_off():
    def endless():
        while True:
            yield b"x" * 65_536

    with ChatServer(raw(endless())) as server, pytest.raises(EndpointMalformed, match="longer than 100,000 bytes"):
        call(endpoint(server, max_response_bytes=100_000))


def test_a_compressed_body_is_refused_unread():
    compressed = raw([b"\x1f\x8b" * 10], Content_Encoding="gzip")
    with ChatServer(compressed) as server, pytest.raises(EndpointMalformed, match="compressed"):
        call(endpoint(server))


def test_silence_is_broken_off():
    with ChatServer(raw([b"{"], pause_s=5)) as server:
        started = time.monotonic()
        with pytest.raises(EndpointTooSlow):
            call(endpoint(server, read_timeout_s=0.2))
        assert time.monotonic() - started < 4


def test_a_body_that_drips_is_broken_off_at_the_deadline():
    with ChatServer(raw([b"x"] * 1_000, pause_s=0.05)) as server:
        started = time.monotonic()
        with pytest.raises(EndpointTooSlow, match=r"longer than 0\.3 s"):
            call(endpoint(server, deadline_s=0.3))
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("piece", [b"X", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["a name", "provisional responses"])
def test_a_head_that_drips_is_broken_off_at_the_deadline(piece: bytes):
    with ChatServer(dripping(piece)) as server:
        started = time.monotonic()
        with pytest.raises(EndpointTooSlow, match=r"longer than 0\.3 s"):
            call(endpoint(server, deadline_s=0.3))
        assert time.monotonic() - started < 3


def test_nobody_there_and_somebody_who_hangs_up_are_unreachable():
    with pytest.raises(EndpointUnreachable):
        call(Endpoint(url=f"http://127.0.0.1:{free_port()}/", allow_private=True))
    with ChatServer(hanging_up) as server, pytest.raises(EndpointUnreachable):
        call(endpoint(server))
