"""The search page and its suggestions."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.errors import InvalidQuery
from catalog.http.addresses import parts_of
from catalog.http.problems import error_response
from catalog.models import Attribute
from catalog.querylog.requests import log_page_search
from catalog.search.suggest import suggest
from catalog.search.taste import taste_for
from catalog.views.answers import answer_panel
from catalog.views.parameters import Asked, read_address
from catalog.views.pictures import with_picture
from catalog.views.results import results_page

SUGGESTIONS = 8
#: Triggers another request once somebody has stopped typing: a reranker is too slow to run for every letter.
SETTLED = "settled"


class SearchView(View):
    """The whole page or, for htmx, the parts of it that depend on the search."""

    def get(self, request: HttpRequest) -> HttpResponse:
        attributes = list(Attribute.objects.all())
        live = "HX-Request" in request.headers
        try:
            asked = with_picture(read_address(request.GET, attributes))
            earlier = _earlier(request, attributes) if live else None
            settled = request.headers.get("HX-Trigger") == SETTLED
            typing = earlier is not None and (earlier.text != asked.text or settled)
            taste = taste_for(request) if asked.personalize and asked.text else None
            page = results_page(asked, attributes, prefix=typing, taste=taste, rerank=settled or not typing)
        except InvalidQuery as error:
            return error_response(request, 400, error.code, str(error))
        template = "catalog/_search.html" if live else "catalog/search.html"
        panel = answer_panel(asked, typing=typing) if page.close else None
        response = render(request, template, {"page": page, "asked": asked, "panel": panel})
        patch_vary_headers(response, ["HX-Request"])
        log_page_search(request, response, page.results, shown=page.shown)
        if live:
            response["Cache-Control"] = "no-store"
            typed = earlier is not None and _is_typed_on(earlier, asked)
            response["HX-Replace-Url" if typed else "HX-Push-Url"] = asked.address
        return response


def _earlier(request: HttpRequest, attributes: Sequence[Attribute]) -> Asked | None:
    """The search that the visitor's page showed before this request."""
    address = parts_of(request.headers.get("HX-Current-URL", ""))
    if address.path != reverse("search"):
        return None
    return read_address(QueryDict(address.query), attributes)


def _is_typed_on(earlier: Asked, asked: Asked) -> bool:
    """Whether somebody is still typing the same query: Back should not stop at every letter."""
    shorter, longer = sorted((earlier.text, asked.text), key=len)
    same_otherwise = earlier.without_text == asked.without_text and earlier.correct == asked.correct
    return same_otherwise and longer.startswith(shorter) and (bool(shorter) or not longer)


class SuggestView(View):
    """Past queries and titles that complete what is being typed, as the options of a list box."""

    def get(self, request: HttpRequest) -> HttpResponse:
        suggestions = suggest(request.GET.get("q", ""), limit=SUGGESTIONS)
        context = {
            "queries": [suggestion for suggestion in suggestions if suggestion.item is None],
            "items": [suggestion for suggestion in suggestions if suggestion.item is not None],
        }
        return render(request, "catalog/_suggestions.html", context)
