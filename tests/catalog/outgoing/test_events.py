"""Server-sent events are read the same, however their bytes arrive."""

from __future__ import annotations

import pytest

from catalog.outgoing.events import event_data

STREAM = (
    b": comment\r\n\r\ndata: one\n\nevent: x\rdata:two\rdata: tw\xc3\xb6\r\rid: 7\nretry: 5\n\ndata\n\n"
    b"data:  three\r\n\r\ndata: broken off"
)
DATA = ["one", "two\ntwö", " three"]


def test_the_data_of_each_event():
    assert list(event_data([STREAM.replace(b"data\n\n", b"")])) == DATA


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_cuts_anywhere_change_nothing(size: int):
    chunks = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert list(event_data(chunks)) == list(event_data([STREAM])) == [*DATA[:2], "", DATA[2]]


def test_bytes_that_are_not_utf8_break_nothing():
    assert list(event_data([b"data: a\xff\n\n", b"data: b\n\n"])) == ["a\ufffd", "b"]
