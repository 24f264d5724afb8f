"""Addresses that browsers send along: in headers and forms they may be anything."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(address: str) -> SplitResult:
    """The parts of an address; empty ones of a text that is none, such as `//[`."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
