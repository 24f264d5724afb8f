"""Errors that the catalogue's caller can correct."""

from __future__ import annotations


class InvalidQuery(ValueError):
    """A search that cannot be run: `field` is the one at fault, and `code` names the reason for programs."""

    def __init__(self, message: str, *, field: str, code: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
