"""Which addresses may be called. A name is resolved once and checked, and the call goes to the checked address."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from catalog.outgoing.errors import EndpointRefused, EndpointTooSlow, EndpointUnreachable

Address = IPv4Address | IPv6Address
# IPv6 networks that also embed IPv4 addresses.
NAT64 = IPv6Network("64:ff9b::/96")
# Networks of somebody's own that Python takes for global ones: translated addresses, and old site-local ones.
LOCAL = [IPv6Network(network) for network in ("64:ff9b:1::/48", "::ffff:0:0:0/96", "fec0::/10")]


def host_and_port(url: str) -> tuple[str, int]:
    """The host and port of an http or https URL without a user name. Raises EndpointRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused(f"The address cannot be read: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise EndpointRefused("Use an address that begins with http:// or https:// and contains no user name.")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


def allowed_addresses(host: str, port: int, *, allow_private: bool, timeout_s: float) -> list[Address]:
    """The addresses of a host, all of which may be called.

    Raises EndpointRefused if one of them may not, EndpointUnreachable if there are none, and EndpointTooSlow.
    """
    addresses = _resolve(host, port, timeout_s=timeout_s)
    for address in addresses:
        if reason := refusal(address, allow_private=allow_private):
            raise EndpointRefused(f"The address of {host} is {reason}, which is not allowed.")
    return addresses


def refusal(address: Address, *, allow_private: bool) -> str:
    """Why an address may not be called; empty if it may.

    Link-local addresses, where clouds keep their machines' credentials, are never allowed. Private addresses and this
    machine are, if the operator allows it.
    """
    inner = _inner(address)
    if inner.is_multicast or inner.is_unspecified or inner.is_link_local:
        return "link-local, multicast or no host's"
    if any(inner in network for network in LOCAL):
        return "private or reserved"
    if not inner.is_global and not (allow_private and (inner.is_private or inner.is_loopback)):
        return "private or reserved"
    return ""


def _inner(address: Address) -> Address:
    """The IPv4 address embedded in an IPv6 address, if there is one."""
    if isinstance(address, IPv4Address):
        return address
    is_compatible = 1 < int(address) < 2**32  # as in ::10.0.0.8, an obsolete form; :: and ::1 are not embedded
    if address in NAT64 or is_compatible:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _resolve(host: str, port: int, *, timeout_s: float) -> list[Address]:
    """Resolving has no time limit of its own, so it runs in a thread that may be abandoned."""
    found: Future[list[Address]] = Future()
    threading.Thread(target=_run_resolve, args=(host, port, found), name=f"resolve {host}", daemon=True).start()
    try:
        return found.result(timeout=timeout_s)
    except FutureTimeout as error:
        raise EndpointTooSlow(f"The name {host} was not resolved within {timeout_s:g} s.") from error


def _run_resolve(host: str, port: int, found: Future[list[Address]]) -> None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.set_result(list(dict.fromkeys(ip_address(row[4][0]) for row in rows)))
    except (OSError, UnicodeError, ValueError) as error:
        failure = EndpointUnreachable(f"The name {host} cannot be resolved: {error}.")
        failure.__cause__ = error
        found.set_exception(failure)
