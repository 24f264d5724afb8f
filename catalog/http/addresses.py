"""URLs sent by browsers: in headers and forms they may be anything."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(address: str) -> SplitResult:
    """The parts of a URL; empty ones for an invalid one, such as `//[`."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
