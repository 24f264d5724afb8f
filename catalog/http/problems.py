"""Errors as RFC 9457 `application/problem+json`, with a stable `code` and the field at fault.

Below /v1/, which clients of OpenAI's API call, the same in the format that they read.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from catalog.database.room import lacking
from catalog.errors import InvalidQuery
from catalog.http.openai import as_openai, speaks_openai
from catalog.pictures.errors import PictureError, PictureTooLarge, PictureUnsupported
from catalog.search.filters import FilterError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Authentication required",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request timeout",
    409: "Conflict",
    411: "Length required",
    413: "Body too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Server error",
    503: "Temporarily unavailable",
}

NO_CREDENTIALS = "Send an API key in a header, as Authorization: Bearer sk_..., or sign in."

PICTURE_STATUS = {PictureTooLarge.code: 413, PictureUnsupported.code: 415}


class Conflict(exceptions.APIException):
    """The request conflicts with the state of its resource."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The request conflicts with the current state."
    default_code = "conflict"


class PictureNotTaken(exceptions.APIException):
    """An uploaded picture cannot be used."""

    def __init__(self, error: PictureError) -> None:
        super().__init__(str(error), code=error.code)
        self.status_code = PICTURE_STATUS.get(error.code, status.HTTP_400_BAD_REQUEST)


class Unavailable(exceptions.APIException):
    """A service that this request needs is temporarily down."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is unavailable. Try again in a few seconds."
    default_code = "unavailable"
    wait = 5


def unavailable(error: BaseException) -> Unavailable:
    """The response to this database error."""
    if lack := lacking(error):
        return Unavailable(
            f"The database has no {lack} left, so the request was not carried out.", code="insufficient_storage"
        )
    return Unavailable()


def problem(status_code: int, code: str, detail: str, *, errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The body of a problem response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status_code, "Error"),
        "status": status_code,
        "code": code,
        "detail": detail,
    }
    return body | ({"errors": errors} if errors else {})


def _field_errors(detail: Any, field: str = "") -> Iterator[dict[str, Any]]:
    """Flatten DRF's nested error detail to one row per message."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            name = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, f"{field}.{name}" if field and name else field or name)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _field_errors(inner, f"{field}[{position}]" if nested else field)
    else:
        yield {"field": field, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}


def _query_error(error: InvalidQuery) -> dict[str, Any]:
    """What is wrong with a query; for a filter also the position, in characters from 0, and what is expected."""
    row: dict[str, Any] = {"field": error.field, "code": error.code, "detail": str(error)}
    if isinstance(error, FilterError):
        row |= {"position": error.position, "expected": error.expected}
    return row


def _errors_of(error: Exception) -> list[dict[str, Any]] | None:
    """The rows of an error about what the caller sent; None for any other."""
    if isinstance(error, InvalidQuery):
        return [_query_error(error)]
    return list(_field_errors(error.detail)) if isinstance(error, exceptions.ValidationError) else None


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(error, exceptions.UnsupportedMediaType):
        accepted = " or ".join(parser.media_type for parser in context["view"].parser_classes)
        error.detail = exceptions.ErrorDetail(f"Send the body with Content-Type: {accepted}.", error.default_code)
    response = _problem_response(error)
    if response is not None and speaks_openai(context["request"]):
        response.data, response.content_type = as_openai(response.data), "application/json"
    return response


def _problem_response(error: Exception) -> Response | None:
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database cannot be used: %s", error)
        error = unavailable(error)
    if errors := _errors_of(error):
        set_rollback()
        body = problem(400, errors[0]["code"], errors[0]["detail"], errors=errors)
        return Response(body, status=400, content_type=CONTENT_TYPE)
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, exceptions.NotAuthenticated):
        error.detail = exceptions.ErrorDetail(NO_CREDENTIALS, error.default_code)
    set_rollback()
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    code = getattr(error.detail, "code", error.default_code)
    body = problem(error.status_code, str(code), str(error.detail))
    return Response(body, status=error.status_code, headers=headers, content_type=CONTENT_TYPE)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/v1/"))


def error_response(request: HttpRequest, status_code: int, code: str, detail: str) -> HttpResponse:
    """The same error as JSON for the API and as a page for people. Does not use the database."""
    if speaks_openai(request):
        return JsonResponse(as_openai(problem(status_code, code, detail)), status=status_code)
    if is_api(request):
        return JsonResponse(problem(status_code, code, detail), status=status_code, content_type=CONTENT_TYPE)
    context = {"status": status_code, "title": TITLES.get(status_code, "Error"), "detail": detail}
    return render(None, "error.html", context, status=status_code)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return error_response(request, 400, "too_many_parameters", f"At most {most:,} parameters are allowed.")
    return error_response(request, 400, "bad_request", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(request, 403, "permission_denied", "You do not have permission to see or do this.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_response(request, 403, "csrf_failed", "The form has expired. Go back, reload the page and try again.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(request, 404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Handler of uncaught errors: 503 if the database is down, otherwise 500."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        told = unavailable(error)
        response = error_response(request, 503, str(told.get_codes()), str(told.detail))
        response["Retry-After"] = str(told.wait)
        return response
    return error_response(request, 500, "server_error", "Something went wrong. The error has been logged.")
