"""A JSON parser that hostile bodies cannot hurt."""

from __future__ import annotations

import io
import re
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# By what may stand before a number, so that the digits of fractions are passed over. A body that begins with one is no
# object, and an error anyway.
LONG_INTEGER = re.compile(rb"[-\[:,\s]\d{19}")


class StrictJSONParser(JSONParser):
    """Refuses NaN and Infinity, bytes that are not UTF-8 and nesting that exhausts the parser.

    Good bodies are read by orjson. Python's own reads those that it refuses, as it can say what is wrong and takes what
    is odd but no error, and those with whole numbers that are too long for 64 bits.
    """

    strict = True

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read()
        is_utf8 = (parser_context or {}).get("encoding", "utf-8").lower() == "utf-8"
        if is_utf8 and not LONG_INTEGER.search(body):
            try:
                return orjson.loads(body)
            except orjson.JSONDecodeError:
                pass
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.", code="json_too_deep") from error
        except ParseError as error:
            if isinstance(error.__context__, UnicodeDecodeError):
                raise ParseError("The body is not UTF-8.", code="not_utf8") from error
            raise
