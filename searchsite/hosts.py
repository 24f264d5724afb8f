"""The names and addresses by which browsers reach this machine."""

from __future__ import annotations

import os
import socket

import psutil

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# Addresses that reach a server bound to every address.
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def reachable(host: str) -> str:
    """An address that reaches, from this machine, a server bound to `host`."""
    return _REACHABLE.get(host, host)


def in_url(host: str) -> str:
    """Return `host` as URLs and ALLOWED_HOSTS have it: an IPv6 address in brackets, without its zone."""
    return f"[{host.partition('%')[0]}]" if ":" in host else host


def machine_hosts() -> list[str]:
    """The name of this machine and the addresses of its network interfaces, as URLs have them."""
    interfaces = psutil.net_if_addrs().values()
    known = (address for addresses in interfaces for address in addresses)
    return [os.uname().nodename] + [
        in_url(address.address) for address in known if address.family in (socket.AF_INET, socket.AF_INET6)
    ]
