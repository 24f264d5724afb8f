"""Middleware for every request and response, such as request ids and limits on request bodies."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.http.problems import error_response

#: Django's own error pages contain styles.
DEBUG_PAGES = (404, 500)

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(request: HttpRequest) -> str:
    """The id of a request."""
    return request.request_id  # type: ignore[attr-defined]


class RequestContextMiddleware:
    """Gives each request an id, which is returned in `X-Request-ID` and ties later clicks to what was shown."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request_id(request)
        return response


class RequestTextMiddleware:
    """Refuses parameters and cookies that are not text.

    Django decodes bytes that are not UTF-8 as other characters, and PostgreSQL accepts no NUL, which a cookie may
    contain as an escape.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            text = unquote_to_bytes(request.META.get("QUERY_STRING", "")).decode()
        except UnicodeDecodeError:
            return error_response(request, 400, "not_utf8", "The query string is not UTF-8.")
        if "\0" in text:
            return error_response(request, 400, "null_characters_not_allowed", "The URL contains a NUL character.")
        if any("\0" in value for value in request.COOKIES.values()):
            return error_response(request, 400, "null_characters_not_allowed", "A cookie contains a NUL character.")
        return self.get_response(request)


class ContentSecurityPolicyMiddleware:
    """Sets the site's policy on every response. It never varies, so it is built once."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not (settings.DEBUG and response.status_code in DEBUG_PAGES):
            response.headers.setdefault(HEADER, self.policy)
        return response


class RefusedMethodMiddleware:
    """Adds a page where Django refuses a method with an empty response.

    People get there by opening the URL of a form: from their history, or by signing in after submitting it too late.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            told = "This address only accepts form submissions. There is no page to show."
            page = error_response(request, 405, "method_not_allowed", told)
            response.content, response["Content-Type"] = page.content, page["Content-Type"]
        return response


class BodyLimitMiddleware:
    """Refuses bodies that are too large, of unknown length or compressed, before anything reads them.

    Views that accept files mark themselves with `accepts_uploads`, and those that accept pictures with
    `accepts_pictures`. That is known only once the URL is resolved, so the limit is applied in `process_view`. The
    larger limit for files is for staff and for callers with a key, which the view checks before it reads.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.META.get("HTTP_TRANSFER_ENCODING") or not length.isdecimal():
            # Django treats a chunked body as empty.
            return error_response(request, 411, "length_required", "Send a Content-Length header with the body.")
        if int(length) > settings.REQUEST_BODY_MAX_BYTES:
            limit_bytes = _limit_bytes(request, view)
            if int(length) > limit_bytes:
                return error_response(
                    request, 413, "body_too_large", f"The body may have at most {limit_bytes:,} bytes."
                )
        if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            return error_response(request, 415, "unsupported_encoding", "Send the body uncompressed.")
        return None


def _limit_bytes(request: HttpRequest, view: Callable[..., HttpResponse]) -> int:
    marked = getattr(view, "view_class", getattr(view, "cls", view))
    if getattr(marked, "accepts_uploads", False) and ("HTTP_AUTHORIZATION" in request.META or request.user.is_staff):
        return settings.UPLOAD_MAX_BYTES
    if getattr(marked, "accepts_pictures", False) and request.content_type == "multipart/form-data":
        return settings.REQUEST_BODY_MAX_BYTES + settings.PICTURE_MAX_BYTES
    return settings.REQUEST_BODY_MAX_BYTES
