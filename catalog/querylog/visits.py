"""The visit: a random id that links the requests of one sitting.

It is in a cookie that expires half an hour after the last of them, and says nothing about who the visitor is.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.querylog.intents import IDLE

COOKIE = "visit"


def visit_of(request: HttpRequest) -> UUID | None:
    """The visit that a request belongs to, a new one if its browser sends none; None if no log is kept."""
    if not (settings.QUERY_LOG or settings.RECOMMENDATION_LOG):
        return None
    if (visit := known_visit(request)) is None:
        visit = request.new_visit = getattr(request, "new_visit", None) or uuid4()  # type: ignore[attr-defined]
    return visit


def known_visit(request: HttpRequest) -> UUID | None:
    """The visit that the browser sends."""
    return uuid_in(request.COOKIES.get(COOKIE, ""))


def keep_visit(response: HttpResponse, visit: UUID) -> None:
    """Have the browser send the visit for another half hour."""
    response.set_cookie(
        COOKIE,
        visit.hex,
        max_age=int(IDLE.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def uuid_in(text: str) -> UUID | None:
    """The id, if it is valid: a browser may send anything."""
    try:
        return UUID(hex=text)
    except ValueError:
        return None
