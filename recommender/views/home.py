"""The first page, and the page of recommendations."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.models import Item
from recommender.identity import subject_of
from recommender.preferences import is_opted_out
from recommender.rails import rails
from recommender.recommendations import Rail
from recommender.serving.assignment import assignment_for
from recommender.serving.lists import note_page_list

#: The id of the page element that contains the lists.
LISTS = "lists"
LEAD_COMPANY = 8
CATEGORIES = 6
#: The categories offered are the most common among this many of the newest items.
SAMPLED_ITEMS = 300


class PersonalView(View):
    """A page whose lists depend on who is looking. htmx requests only the lists once they have changed."""

    scenario: ClassVar[str]
    page: ClassVar[str]
    lists: ClassVar[str]

    def get(self, request: HttpRequest) -> HttpResponse:
        subject = subject_of(request)
        assigned = assignment_for(self.scenario, subject, request=request)
        shown = rails(subject, settings=assigned.settings)
        note_page_list(request, assigned, (own.item.pk for rail in shown for own in rail.recommendations))
        context = self.context(shown) | {"opted_out": is_opted_out(subject)}
        response = render(request, self.lists if request.headers.get("HX-Target") == LISTS else self.page, context)
        patch_vary_headers(response, ["HX-Target"])
        return response

    def context(self, shown: tuple[Rail, ...]) -> dict[str, Any]:
        raise NotImplementedError


class HomeView(PersonalView):
    scenario, page, lists = "home", "recommender/home.html", "recommender/_home_lists.html"

    def context(self, shown: tuple[Rail, ...]) -> dict[str, Any]:
        return {
            "rails": shown,
            "examples": settings.EXAMPLE_SEARCHES,
            "categories": () if settings.EXAMPLE_SEARCHES else _common_categories(),
        }


class ForYouView(PersonalView):
    """The best recommendation shown large, some more beside it, and the other rails below."""

    scenario, page, lists = "for-you", "recommender/for_you.html", "recommender/_for_you_lists.html"

    def context(self, shown: tuple[Rail, ...]) -> dict[str, Any]:
        first = shown[0] if shown else None
        recommendations = first.recommendations if first else ()
        return {
            "personal": first is not None and first.name == "for-you",
            "first": first,
            "lead": recommendations[0] if recommendations else None,
            "beside": recommendations[1 : LEAD_COMPANY + 1],
            "rails": shown[1:],
        }


def _common_categories() -> list[str]:
    newest = Item.objects.published().newest().values_list("category", flat=True)[:SAMPLED_ITEMS]
    return [category for category, _ in Counter(filter(None, newest)).most_common(CATEGORIES)]
