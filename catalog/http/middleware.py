"""Middleware: a request id on every response, and limits on request bodies."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.http.problems import error_response

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestContextMiddleware:
    """Names each request; the id comes back in `X-Request-ID` and ties later clicks to what was shown."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class BodyLimitMiddleware:
    """Refuses bodies that are too large or compressed before anything reads them.

    Views that take files mark themselves with `accepts_uploads`; that is known only once the URL is resolved, so
    the limit is applied in `process_view`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object) -> HttpResponse | None:
        accepts_uploads = getattr(getattr(view, "view_class", getattr(view, "cls", view)), "accepts_uploads", False)
        limit_bytes = settings.UPLOAD_MAX_BYTES if accepts_uploads else settings.REQUEST_BODY_MAX_BYTES
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit_bytes:
            return error_response(request, 413, "body_too_large", f"The body may have at most {limit_bytes:,} bytes.")
        if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            return error_response(request, 415, "unsupported_encoding", "Send the body uncompressed.")
        return None
