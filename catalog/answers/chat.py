"""A language model behind any OpenAI-compatible /chat/completions endpoint, with its text as it is written."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from catalog.outgoing.endpoint import Endpoint, Reply, post_json
from catalog.outgoing.errors import EndpointError, EndpointFailed, EndpointMalformed, EndpointUnreachable
from catalog.outgoing.events import event_data

MOST_CHARACTERS = 8_000
LONGEST_SILENCE_S = 15.0
RETRY_AFTER_S = 0.5
REST_AFTER_429_S = 10.0
EVENT_STREAM = "text/event-stream"


class ChatBusy(EndpointError):
    """The language model is not called for now."""


@dataclass(slots=True)
class _State:
    """What this process knows about the endpoint."""

    running: int = 0
    rest_until: float = 0.0


_lock = threading.Lock()
_state = _State()


def chat_endpoint() -> Endpoint | None:
    """The endpoint of this site, or None."""
    if not settings.CHAT_URL:
        return None
    return Endpoint(
        url=f"{settings.CHAT_URL.rstrip('/')}/chat/completions",
        api_key=settings.CHAT_API_KEY,
        allow_private=settings.CHAT_ALLOW_PRIVATE,
        read_timeout_s=min(LONGEST_SILENCE_S, settings.CHAT_TIMEOUT_S),
        deadline_s=settings.CHAT_TIMEOUT_S,
    )


def written(endpoint: Endpoint, messages: Sequence[dict[str, str]]) -> Generator[str, None, None]:
    """The continuation of a conversation, in pieces as they arrive.

    A call that fails before its first piece is retried once, unless the endpoint asks for a pause, which is then kept.
    Raises an EndpointError, also if the text breaks off.
    """
    with _turn():
        for attempt in (1, 2):
            began = False
            try:
                for piece in _pieces(endpoint, messages):
                    began = True
                    yield piece
                return
            except (EndpointUnreachable, EndpointFailed) as error:
                if began or attempt == 2 or not _may_pass(error):
                    raise
            time.sleep(RETRY_AFTER_S)


class _turn:  # noqa: N801  (used as a function is)
    """One of the few calls that may run at a time. Raises ChatBusy if none is free."""

    def __enter__(self) -> None:
        with _lock:
            if (wait_s := _state.rest_until - time.monotonic()) > 0:
                raise ChatBusy(f"The language model is rate limited; it can be asked again in {wait_s:.0f} s.")
            if _state.running >= settings.CHAT_CONCURRENCY:
                raise ChatBusy("The language model is busy with other questions.")
            _state.running += 1

    def __exit__(self, *_: object) -> None:
        with _lock:
            _state.running -= 1


def _may_pass(error: EndpointError) -> bool:
    if not isinstance(error, EndpointFailed):
        return True
    if error.status == 429 or error.retry_after_s is not None:
        with _lock:
            _state.rest_until = time.monotonic() + (error.retry_after_s or REST_AFTER_429_S)
        return False
    return error.status >= 500


def _pieces(endpoint: Endpoint, messages: Sequence[dict[str, str]]) -> Iterator[str]:
    body = {
        "model": settings.CHAT_MODEL,
        "messages": list(messages),
        "temperature": 0,
        "max_tokens": settings.CHAT_MAX_TOKENS,
        "stream": True,
    }
    size = 0
    with post_json(endpoint, body, accept=f"{EVENT_STREAM}, application/json") as reply:
        for piece in _streamed(reply) if reply.content_type == EVENT_STREAM else _whole(reply):
            size += len(piece)
            if size > MOST_CHARACTERS:
                raise EndpointMalformed(f"The language model wrote more than {MOST_CHARACTERS:,} characters.")
            yield piece


def _whole(reply: Reply) -> Iterator[str]:
    """The text of an endpoint that does not stream."""
    choice = _choice(_parsed(reply.read()))
    yield _text(choice.get("message"))


def _streamed(reply: Reply) -> Iterator[str]:
    finished = False
    for data in event_data(reply.chunks()):
        if data.strip() == "[DONE]":
            return
        choice = _choice(_parsed(data))
        if piece := _text(choice.get("delta")):
            yield piece
        finished = finished or choice.get("finish_reason") in ("stop", "length")
    if not finished:
        raise EndpointUnreachable("The language model stopped in mid-answer.")


def _parsed(data: str | bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EndpointMalformed("The endpoint sent invalid JSON.") from error
    if not isinstance(parsed, dict) or "error" in parsed:
        raise EndpointMalformed("The endpoint sent an error instead of text.")
    return parsed


def _choice(parsed: dict[str, Any]) -> dict[str, Any]:
    """The first choice; an event about usage has none."""
    choices = parsed.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    if not isinstance(choice, dict):
        raise EndpointMalformed("The endpoint does not speak the chat completions protocol.")
    if choice.get("finish_reason") == "content_filter":
        raise EndpointMalformed("The language model's text was withheld by a filter.")
    return choice


def _text(message: Any) -> str:
    """The text of a message or of a piece of one. Tool calls are ignored: there are no tools."""
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else ""
