"""A JSON parser that hostile bodies cannot hurt."""

from __future__ import annotations

from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """Refuses NaN and Infinity, bytes that are not UTF-8 and nesting that exhausts the parser."""

    strict = True

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.", code="json_too_deep") from error
        except ParseError as error:
            if isinstance(error.__context__, UnicodeDecodeError):
                raise ParseError("The body is not UTF-8.", code="not_utf8") from error
            raise
