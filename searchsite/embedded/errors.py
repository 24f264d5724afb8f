"""Errors of the embedded services. Each message is one line for the terminal."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded services cannot do what was asked."""


class EmbeddedMissing(EmbeddedError):
    """The wheels that carry PostgreSQL and Redis are not installed."""


class DataDirInUse(EmbeddedError):
    """Another process is already running on this data directory."""


class NoRoom(EmbeddedError):
    """The disk is full."""


class ServiceFailed(EmbeddedError):
    """A service did not start; its log says why."""
