"""The first page, and the page of recommendations."""

from __future__ import annotations

from collections import Counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from catalog.models import Item
from recommender.identity import subject_of
from recommender.rails import rails

LEAD_COMPANY = 8
CATEGORIES = 6
#: The categories on offer are the commonest among so many of the newest items.
SAMPLED_ITEMS = 300


class HomeView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "rails": rails(subject_of(request)),
            "examples": settings.EXAMPLE_SEARCHES,
            "categories": () if settings.EXAMPLE_SEARCHES else _common_categories(),
        }
        return render(request, "recommender/home.html", context)


class ForYouView(View):
    """The best recommendation large, some more beside it, and the other rails below."""

    def get(self, request: HttpRequest) -> HttpResponse:
        shown = rails(subject_of(request))
        first = shown[0] if shown else None
        recommendations = first.recommendations if first else ()
        context = {
            "personal": first is not None and first.name == "for-you",
            "first": first,
            "lead": recommendations[0] if recommendations else None,
            "beside": recommendations[1 : LEAD_COMPANY + 1],
            "rails": shown[1:],
        }
        return render(request, "recommender/for_you.html", context)


def _common_categories() -> list[str]:
    newest = Item.objects.published().newest().values_list("category", flat=True)[:SAMPLED_ITEMS]
    return [category for category, _ in Counter(filter(None, newest)).most_common(CATEGORIES)]
