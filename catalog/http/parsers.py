"""A JSON parser that is safe against hostile bodies."""

from __future__ import annotations

import json
import re
from typing import IO, Any, NoReturn

import orjson
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from catalog.json_keys import RepeatedKey, each_key_once

# Includes what may precede a number, so that digits of fractions are not counted. A body that begins with a number is
# not an object, and an error anyway.
LONG_INTEGER = re.compile(rb"[-\[:,\s]\d{19}")
#: Reading longer numbers takes time that grows with the square of their length.
MAX_DIGITS = 1_000
# The end of every key. A text may also contain it, behind a backslash.
END_OF_KEY = re.compile(rb'"\s*:')


class StrictJSONParser(parsers.JSONParser):
    """Refuses NaN and Infinity, repeated keys, bytes that are not UTF-8 and nesting that exhausts the parser.

    Most valid bodies are parsed by orjson. Python's own parser handles those that orjson refuses, since it can say what
    is wrong and accepts what is odd but valid, those with integers too long for 64 bits, and those in which orjson may
    have dropped a key.
    """

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read()
        encoding = parsers.get_encoding(parser_context or {})  # type: ignore[attr-defined]
        if encoding.lower() == "utf-8" and not LONG_INTEGER.search(body):
            try:
                value = orjson.loads(body)
            except orjson.JSONDecodeError:
                pass
            else:
                if _holds_every_key(value, len(END_OF_KEY.findall(body))):
                    return value
        return _parsed(body, encoding)


def _holds_every_key(value: Any, ends_of_keys: int) -> bool:
    """Whether there are as many keys as ends of keys; False may mean that a text contained such an end."""
    if isinstance(value, dict) and len(value) == ends_of_keys:
        return True  # and nothing below it, such as long lists of numbers, contains any
    held, unseen = 0, [value]
    while unseen:
        match unseen.pop():
            case dict() as part:
                held += len(part)
                unseen += [inner for inner in part.values() if type(inner) in (dict, list)]
            case list() as part:
                unseen += [inner for inner in part if type(inner) in (dict, list)]
    return held == ends_of_keys


def _parsed(body: bytes, encoding: str) -> Any:
    """Raises ParseError."""
    try:
        return json.loads(
            body.decode(encoding),
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=each_key_once,
        )
    except RepeatedKey as error:
        raise ParseError(str(error), code="repeated_key") from error
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.", code="json_too_deep") from error
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.", code="not_utf8") from error
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has more than {MAX_DIGITS:,} digits.")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")
