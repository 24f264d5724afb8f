"""Clients that send slowly or do not read their responses: some of the server's threads are kept free for others."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.settings import api_settings

from catalog.http.bodies import BLOCK_TIMEOUT_S, Arrival, ArrivingBody, BodiesCrowded, BodyFault, WaitingRoom
from catalog.http.connections import hang_up
from catalog.http.problems import error_response
from catalog.http.throttling import address_name

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)
#: Files up to this size are passed to the server whole, which sends them without using one of its threads.
WHOLE_FILE_BYTES = 1024 * 1024
RETRY_AFTER_S = 5
_KEY = "searchsite.slow_clients"


class _Turn:
    """What the server knows about one request."""

    def __init__(self, *, body: ArrivingBody | None, streams: threading.Semaphore) -> None:
        self.body, self.streams = body, streams


class SlowClients:
    """A WSGI application in a server with `threads` threads, three quarters of which may wait for bodies at a time."""

    def __init__(self, application: WSGIApplication, *, threads: int) -> None:
        self._application = application
        self._room = WaitingRoom(places=max(1, threads * 3 // 4), hang_up=self._hang_up)
        self._port = 0
        self._streams = threading.Semaphore(max(1, threads // 2))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = None
        if length := _length(environ.get("CONTENT_LENGTH")):
            self._port = int(environ["SERVER_PORT"])
            body = ArrivingBody(
                environ["wsgi.input"].read,
                length=length,
                caller=_caller(environ),
                peer=environ.get("REMOTE_ADDR", ""),
                room=self._room,
            )
            environ["wsgi.input"] = io.BufferedReader(body)
        environ[_KEY] = _Turn(body=body, streams=self._streams)
        response = self._application(environ, start_response if body is None else _closing(start_response, body))
        return _whole(response) if isinstance(response, HttpResponseBase) and _is_short_file(response) else response

    def _hang_up(self, arrival: Arrival) -> None:
        # A proxy's connections are not its clients', and it has limits of its own.
        if not api_settings.NUM_PROXIES:
            count = hang_up(arrival.peer, port=self._port, silent_s=BLOCK_TIMEOUT_S)
            logger.info("Closed %s slow connections from %s", count, arrival.peer)


def _closing(start_response: StartResponse, body: ArrivingBody) -> StartResponse:
    """Announce the end of the connection if the body was not read.

    The server ends it, and a client that kept it would send its next request into nothing.
    """

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
        return start_response(status, [*headers, ("Connection", "close")] if body.is_unread else headers, *error)

    return start


class SlowClientsMiddleware:
    """Reports why a body could not be read, and limits how many streamed responses are sent at a time.

    A streamed response holds a thread until the client has read it, and nothing interrupts that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        turn = request.META.get(_KEY)
        if turn is None:
            return response  # a server other than ours
        if turn.body and turn.body.fault:
            response.close()
            return _refusal(request, turn.body.fault)
        if response.streaming and not _is_short_file(response):
            return _in_parts(request, response, turn.streams)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        turn = request.META.get(_KEY)
        return _refusal(request, turn.body.fault) if turn and turn.body and turn.body.fault else None


def _refusal(request: HttpRequest, fault: BodyFault) -> HttpResponse:
    response = error_response(request, fault.status, fault.code, str(type(fault).__doc__))
    if isinstance(fault, BodiesCrowded):
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _in_parts(request: HttpRequest, response: HttpResponseBase, streams: threading.Semaphore) -> HttpResponseBase:
    if streams.acquire(blocking=False):
        response._resource_closers.append(streams.release)  # type: ignore[attr-defined]
        return response
    response.close()
    detail = "Too many long responses are in progress. Try again in a few seconds."
    refusal = error_response(request, 503, "streams_crowded", detail)
    refusal["Retry-After"] = str(RETRY_AFTER_S)
    return refusal


def _is_short_file(response: HttpResponseBase) -> bool:
    return response.streaming and 0 < _length(response.get("Content-Length")) <= WHOLE_FILE_BYTES


def _whole(response: Any) -> list[bytes]:
    try:
        return [b"".join(response)]
    finally:
        response.close()


def _caller(environ: WSGIEnvironment) -> str:
    request = HttpRequest()
    request.META = environ
    return address_name(request)


def _length(text: str | None) -> int:
    """The value of a Content-Length; 0 if it has none."""
    return int(text) if text and text.isdecimal() else 0
