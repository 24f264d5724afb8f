"""What may go wrong with a call to another server. The messages name no key and no address that is not set here."""

from __future__ import annotations


class EndpointError(Exception):
    """The endpoint did not do what was asked of it."""


class EndpointRefused(EndpointError):
    """The address is not one that this site calls."""


class EndpointUnreachable(EndpointError):
    """No connection could be made, or it broke off."""


class EndpointTooSlow(EndpointError):
    """The endpoint took longer than it is given."""


class EndpointFailed(EndpointError):
    """The endpoint answered with an error; `retry_after_s` where it said when to come back, `location` where it
    redirects."""

    def __init__(self, message: str, *, status: int, retry_after_s: float | None = None, location: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.location = location


class EndpointMalformed(EndpointError):
    """What came back is too long, or not in the form that was agreed."""
