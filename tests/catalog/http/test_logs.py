"""What a visitor types never forges a log line."""

from __future__ import annotations

import io
import logging

from catalog.http.logs import OneLineFilter


def test_line_breaks_in_arguments_are_escaped():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(OneLineFilter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.info("searched %s", "a\r\n2026-01-01 ERROR forged\u2028x")
    assert stream.getvalue() == "searched a\\r\\n2026-01-01 ERROR forged\\u2028x\n"
