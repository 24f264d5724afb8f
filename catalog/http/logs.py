"""One event, one line: nothing a visitor types can forge a log entry."""

from __future__ import annotations

import logging

LINE_BREAKS = str.maketrans({mark: ascii(mark)[1:-1] for mark in "\r\n\x0b\x0c\x85\u2028\u2029"})


class OneLineFilter(logging.Filter):
    """Escapes line breaks in messages; tracebacks, which are ours, keep theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().translate(LINE_BREAKS), None
        return True
