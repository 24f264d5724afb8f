"""Errors that say that PostgreSQL has no room left: they are nobody's fault who asked, and pass when room is made."""

from __future__ import annotations

import psycopg

LACKS = {psycopg.errors.DiskFull: "disk space", psycopg.errors.OutOfMemory: "memory"}


def lacking(error: BaseException) -> str:
    """What PostgreSQL lacks: disk space or memory; empty where an error says something else."""
    cause = error.__cause__ or error
    return next((lack for kind, lack in LACKS.items() if isinstance(cause, kind)), "")
