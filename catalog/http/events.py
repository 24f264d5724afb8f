"""Server-sent events: responses that are streamed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import StreamingHttpResponse

from catalog.http.problems import Unavailable, problem

logger = logging.getLogger(__name__)
EVENT_STREAM = "text/event-stream"

#: A name and JSON-serialisable data.
Event = tuple[str, Any]


def event_response(events: Iterable[Event]) -> StreamingHttpResponse:
    """The events as they happen; no proxy buffers them."""
    lines = (f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(lines, content_type=EVENT_STREAM, headers=headers)


def guarded(events: Iterator[Event]) -> Iterator[Event]:
    """The same events; the status has already been sent, so a failure is an event of its own, `problem`."""
    try:
        yield from events
    except (OperationalError, InterfaceError):
        yield "problem", problem(503, Unavailable.default_code, Unavailable.default_detail)
    except Exception:
        logger.exception("An event stream was interrupted by an error.")
        yield "problem", problem(500, "server_error", "Something went wrong. The error has been logged.")
