"""Lines of a file of any size, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from catalog.importing.rows import MAX_ROW_BYTES, RowFault

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TOO_LONG = f"longer than {MAX_ROW_BYTES:,} bytes"


class Line:
    """One line: its number, counted from 1, and its bytes, or None if it is too long to be held."""

    __slots__ = ("number", "raw")

    def __init__(self, number: int, raw: bytes | None) -> None:
        self.number, self.raw = number, raw

    def text(self) -> str:
        """Raises RowFault."""
        if self.raw is None:
            raise RowFault(f"The line is {TOO_LONG}.")
        return decoded(self.raw)


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """Yield every line; for one that is too long, only the number."""
    number = 0
    while raw := file.readline(MAX_ROW_BYTES + 1):
        number += 1
        if number == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        if len(raw) <= MAX_ROW_BYTES:
            yield Line(number, raw)
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(MAX_ROW_BYTES)
        yield Line(number, None)


def decoded(raw: bytes) -> str:
    """Raises RowFault."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise RowFault(f"This is not UTF-8: byte {raw[error.start]:#04x} at position {error.start + 1}.") from error
