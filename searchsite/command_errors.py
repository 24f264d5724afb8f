"""Errors that the person at the command line can mend, in one line."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable


def in_one_line(error: Exception) -> str | None:
    """What to say about an error, or None if it needs its traceback."""
    match error:
        case ImproperlyConfigured():
            return str(error)
        case OperationalError() | InterfaceError():
            return f"The database failed: {str(error).partition(chr(10))[0]}"
        case ProgrammingError(__cause__=UndefinedTable() | UndefinedColumn() | UndefinedFunction()):
            return "The database is not up to date. Run `make run`, or `manage.py migrate`, before this command."
    return None
