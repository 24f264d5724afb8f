"""Server-sent events, as chat endpoints stream them (https://html.spec.whatwg.org/#parsing-an-event-stream)."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator


def event_data(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event. Names, ids and comments are ignored, and so is an incomplete event."""
    data: list[str] = []
    for line in _lines(chunks):
        name, _, value = line.partition(":")
        if line == "":
            if data:
                yield "\n".join(data)
            data = []
        elif name == "data":
            data.append(value.removeprefix(" "))


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines, which end with CR, LF or both. Bytes that are not UTF-8 become U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = ""
    for chunk in chunks:
        text = (text + decoder.decode(chunk)).replace("\r\n", "\n")
        # A CR at the end may be half of a line ending.
        half = "\r" if text.endswith("\r") else ""
        *lines, text = text.removesuffix(half).replace("\r", "\n").split("\n")
        text += half
        yield from lines
