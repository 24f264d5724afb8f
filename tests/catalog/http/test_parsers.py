"""Hostile JSON bodies get a 400 with a reason."""

from __future__ import annotations

import io

import pytest
from rest_framework.exceptions import ParseError

from catalog.http.parsers import StrictJSONParser


def parse(body: bytes):
    return StrictJSONParser().parse(io.BytesIO(body), "application/json", {"encoding": "utf-8"})


def test_ordinary_json_is_parsed():
    assert parse('{"q": "café"}'.encode()) == {"q": "café"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"q": NaN}',
        b'{"q": Infinity}',
        b'{"q": "\xff\xfe"}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"q": ' + b"9" * 10_000 + b"}",
        b"{",
    ],
    ids=["nan", "infinity", "not utf-8", "deep", "huge number", "cut off"],
)
def test_hostile_json_is_refused(body):
    with pytest.raises(ParseError):
        parse(body)
