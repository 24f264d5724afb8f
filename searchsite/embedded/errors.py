"""What can go wrong with the embedded services. The message of each error is one line for the terminal."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded services cannot do what was asked."""


class EmbeddedMissing(EmbeddedError):
    """The wheels that carry PostgreSQL and Redis are not installed."""


class DataDirInUse(EmbeddedError):
    """Another process already runs on this data directory."""


class ServiceFailed(EmbeddedError):
    """A service did not start; its log says why."""
