"""Keeps the visit of people who are shown lists."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.querylog.visits import keep_visit, visit_of

GetResponse = Callable[[HttpRequest], HttpResponse]


class ShownListsMiddleware:
    """Items opened from a list are attributed to it by the visit that its page was shown in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not settings.RECOMMENDATION_LOG:
            return response
        if getattr(request, "shows_lists", False) and (visit := visit_of(request)) is not None:
            keep_visit(response, visit)
        return response
