"""Hostile JSON bodies get a 400 with a reason."""

from __future__ import annotations

import io
import json

import pytest
from rest_framework.exceptions import ParseError

from catalog.http.parsers import StrictJSONParser


def parse(body: bytes):
    return StrictJSONParser().parse(io.BytesIO(body), "application/json", {"encoding": "utf-8"})


def test_ordinary_json_is_parsed():
    assert parse('{"q": "café"}'.encode()) == {"q": "café"}


def test_whole_numbers_are_kept_to_the_last_digit_however_long():
    assert parse(b'{"n": 1234567890123456789012345, "x": 0.00001234567890123456789}') == {
        "n": 1234567890123456789012345,
        "x": 0.00001234567890123456789,
    }


def test_half_a_surrogate_pair_is_left_to_what_checks_the_text():
    assert parse(b'"\\ud800"') == "\ud800"


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


def test_a_number_that_is_too_long_is_refused_in_our_own_words():
    with pytest.raises(ParseError, match="A number has more than 1,000 digits"):
        parse(b'{"q": ' + b"9" * 10_000 + b"}")


@pytest.mark.parametrize(
    "body",
    [
        b'{"q": "a", "q": "b"}',
        b'{"q": "a", "q" : "a"}',
        b'{"items": [{"title": "a"}, {"title": "b", "attributes": {"year": 1, "y\\u0065ar": 2}}]}',
        b'{"a": "\\":", "b": {"q": 1, "q": 2}}',
        b'[{"q": 1, "q": 2}]',
    ],
)
def test_a_key_that_is_given_twice_is_refused(body):
    with pytest.raises(ParseError, match=r"“(q|year)” is given twice") as refused:
        parse(body)
    assert refused.value.get_codes() == "repeated_key"


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 2}, [{"a": 3}]]},
        {"q": 'He said "no": then left', "n": [1, 2, "x"]},
        ["a", 1, None],
        "text",
        3,
    ],
)
def test_the_same_key_in_different_objects_and_what_looks_like_one_are_taken(value):
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, indent=4, separators=(" ,", " : ")).encode()) == value
