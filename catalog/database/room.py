"""Errors that mean PostgreSQL has no room left: not the fault of the request, and gone once room is made."""

from __future__ import annotations

import psycopg

LACKS = {psycopg.errors.DiskFull: "disk space", psycopg.errors.OutOfMemory: "memory"}


def lacking(error: BaseException) -> str:
    """What PostgreSQL lacks: disk space or memory; empty for any other error."""
    cause = error.__cause__ or error
    return next((lack for kind, lack in LACKS.items() if isinstance(cause, kind)), "")
