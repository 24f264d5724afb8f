"""Which addresses may be called."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from catalog.outgoing.addresses import allowed_addresses, host_and_port, refusal
from catalog.outgoing.errors import EndpointRefused, EndpointUnreachable

NEVER = ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "224.0.0.1", "0.0.0.0", "::"]  # noqa: S104
PRIVATE = ["127.0.0.1", "::1", "10.0.0.8", "172.16.4.4", "192.168.1.1", "fd00::1", "::ffff:10.0.0.8", "2002:a00:8::1"]
PRIVATE += ["::127.0.0.1", "::10.0.0.8"]
TRANSLATED = ["64:ff9b:1::7f00:1", "::ffff:0:127.0.0.1", "fec0::1"]
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"]


@pytest.mark.parametrize("address", NEVER)
def test_link_local_and_multicast_are_never_called(address: str):
    assert refusal(ip_address(address), allow_private=True)
    assert refusal(ip_address(address), allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_are_called_only_where_that_is_allowed(address: str):
    assert refusal(ip_address(address), allow_private=False)
    assert not refusal(ip_address(address), allow_private=True)


@pytest.mark.parametrize("address", TRANSLATED)
def test_local_networks_that_look_global_are_never_called(address: str):
    assert refusal(ip_address(address), allow_private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_ones_are_called(address: str):
    assert not refusal(ip_address(address), allow_private=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]".strip("[]")])
def test_this_machine_is_refused_however_it_is_written(host: str):
    with pytest.raises(EndpointRefused, match="private"):
        allowed_addresses(host, 80, allow_private=False, timeout_s=5)


def test_a_name_that_is_none_is_unreachable():
    with pytest.raises(EndpointUnreachable, match="cannot be resolved"):
        allowed_addresses("nowhere.invalid", 80, allow_private=False, timeout_s=20)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.org/v1", ("api.example.org", 443)),
        ("http://api.example.org", ("api.example.org", 80)),
        ("http://[::1]:8080/v1", ("::1", 8080)),
    ],
)
def test_host_and_port_of_an_address(url: str, expected: tuple[str, int]):
    assert host_and_port(url) == expected


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://a/", "//a/b", "http://", "http://me:secret@a/", "http://a:x/", "api/v1"]
)
def test_what_is_no_such_address_is_refused_without_repeating_it(url: str):
    with pytest.raises(EndpointRefused) as raised:
        host_and_port(url)
    assert "secret" not in str(raised.value)
