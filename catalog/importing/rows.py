"""What readers yield, and the limits that keep their memory bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_ROW_BYTES = 4 * 1024 * 1024


class FileUnreadable(Exception):
    """The file as a whole cannot be read; the message says why."""


class RowFault(Exception):
    """One row cannot be loaded; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the file. `line` is where it begins; one with a `fault` could not be read and has no values."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that was not loaded, and why."""

    line: int
    reason: str
