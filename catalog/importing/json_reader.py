"""Rows of a JSON array and of NDJSON, one object at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from catalog.importing.lines import TOO_LONG, read_lines
from catalog.importing.rows import MAX_ROW_BYTES, FileUnreadable, Row, RowFault
from catalog.json_keys import RepeatedKey, each_key_once

_CHUNK_BYTES = 64 * 1024
_SPACE = " \t\r\n"


def read_ndjson(file: BinaryIO) -> Iterator[Row]:
    """Yield one object per line; blank lines are ignored."""
    decoder = _Decoder()
    for line in read_lines(file):
        try:
            text = line.text().strip()
            if text:
                yield Row(line=line.number, values=_an_object(_parsed(decoder.decode, text)))
        except RowFault as fault:
            yield Row(line=line.number, fault=str(fault))


def read_json(file: BinaryIO) -> Iterator[Row]:
    """Yield the objects of an array.

    Raises FileUnreadable if there is no array, or where it is truncated or broken: after a syntax error, the objects
    cannot be told apart.
    """
    array = _Array(file)
    array.expect("[", reason="A JSON file must contain an array of objects; NDJSON has one object per line.")
    if array.next_is("]"):
        return
    while True:
        array.skip_space()
        line, value = array.line, array.element()
        try:
            yield Row(line=line, values=_an_object(value))
        except RowFault as fault:
            yield Row(line=line, fault=str(fault))
        if array.next_is("]"):
            return
        array.expect(",", reason="A comma or the end of the array is missing.")


class _Array:
    """The text of a JSON array, held a piece at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._decoder = _Decoder()
        self._text, self._at = "", 0
        self._ended = False
        self.line = 1

    def element(self) -> Any:
        """Read one value. Raises FileUnreadable."""
        while True:
            try:
                value, end = _parsed(self._decoder.raw_decode, self._text, self._at)
            except RowFault as fault:
                # Its end may not have been read yet.
                if self._ended or len(self._text) - self._at > MAX_ROW_BYTES:
                    reason = str(fault) if self._ended else f"An object is broken or {TOO_LONG}."
                    raise FileUnreadable(f"Line {self.line}: {reason}") from fault
            else:
                if end < len(self._text) or self._ended:
                    self._advance(end)
                    return value
            self._read_on()

    def skip_space(self) -> None:
        while True:
            rest = len(self._text)
            end = next((at for at in range(self._at, rest) if self._text[at] not in _SPACE), rest)
            self._advance(end)
            if end < rest or self._ended:
                return
            self._read_on()

    def next_is(self, sign: str) -> bool:
        self.skip_space()
        return self._text.startswith(sign, self._at)

    def expect(self, sign: str, *, reason: str) -> None:
        if not self.next_is(sign):
            raise FileUnreadable(f"Line {self.line}: {reason}")
        self._at += 1

    def _advance(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end

    def _read_on(self) -> None:
        """Read as much as is already held, so that a long element is parsed again only a few times."""
        held = self._text[self._at :]
        raw = self._file.read(max(_CHUNK_BYTES, len(held)))
        try:
            self._text, self._at = held + self._decode(raw, not raw), 0
        except UnicodeDecodeError as error:
            raise FileUnreadable(f"After line {self.line}: This is not UTF-8.") from error
        self._ended = not raw


def _refuse_constant(name: str) -> None:
    raise RowFault(f"{name} is not JSON.")


class _Decoder(json.JSONDecoder):
    """Decodes an object with a repeated key as a fault, and still finds its end."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_refuse_constant, object_pairs_hook=self._object)
        self._fault: RowFault | None = None

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        self._fault = None
        value, end = super().raw_decode(s, idx)
        return self._fault or value, end

    def _object(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        try:
            return each_key_once(pairs)
        except RepeatedKey as error:
            self._fault = RowFault(str(error))
            return {}


def _parsed(parse: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return parse(*arguments)
    except RecursionError as error:
        raise RowFault("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise RowFault(f"This is not JSON: {error}") from error


def _an_object(value: Any) -> dict[str, Any]:
    if isinstance(value, RowFault):
        raise value
    if not isinstance(value, dict):
        raise RowFault("A JSON object is expected.")
    return value
