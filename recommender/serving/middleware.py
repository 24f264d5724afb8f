"""Keeps the visit of those who are shown lists, and notes which items they open."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.querylog.visits import keep_visit, visit_of
from recommender.serving.lists import note_opened

GetResponse = Callable[[HttpRequest], HttpResponse]


class ShownListsMiddleware:
    """The catalogue's page of an item knows nothing of recommendations; what is opened from a list is noted here."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not settings.RECOMMENDATION_LOG:
            return response
        match = request.resolver_match
        if match is not None and match.url_name == "item" and request.method == "GET" and response.status_code == 200:
            note_opened(request, match.kwargs["pk"])
        if getattr(request, "shows_lists", False) and (visit := visit_of(request)) is not None:
            keep_visit(response, visit)
        return response
