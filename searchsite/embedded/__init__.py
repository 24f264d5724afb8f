"""PostgreSQL and Redis from wheels, for trials, development and tests. Needs no Docker and no system packages."""

from searchsite.embedded.attach import attach_if_needed
from searchsite.embedded.errors import DataDirInUse, EmbeddedError, EmbeddedMissing, ServiceFailed
from searchsite.embedded.services import EmbeddedServices

__all__ = [
    "DataDirInUse",
    "EmbeddedError",
    "EmbeddedMissing",
    "EmbeddedServices",
    "ServiceFailed",
    "attach_if_needed",
]
