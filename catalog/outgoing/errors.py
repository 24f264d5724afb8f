"""Errors of calls to other servers. Their messages contain no key, and no URL but those configured here."""

from __future__ import annotations


class EndpointError(Exception):
    """The endpoint did not do what was asked."""


class EndpointRefused(EndpointError):
    """This site does not call this address."""


class EndpointUnreachable(EndpointError):
    """No connection could be made, or it broke off."""


class EndpointTooSlow(EndpointError):
    """The endpoint took longer than allowed."""


class EndpointFailed(EndpointError):
    """The endpoint answered with an error.

    `retry_after_s` is set if it said when to retry, `location` if it redirects.
    """

    def __init__(self, message: str, *, status: int, retry_after_s: float | None = None, location: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.location = location


class EndpointMalformed(EndpointError):
    """The response is too long, or not in the agreed format."""
