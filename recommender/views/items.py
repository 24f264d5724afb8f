"""An item's page with recommendations beside it."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from catalog.models import Item
from catalog.views.items import ItemView
from recommender.identity import subject_of
from recommender.recommend import recommend
from recommender.recommendations import Rail, Recommendation
from recommender.serving.assignment import assignment_for
from recommender.serving.lists import note_opened, note_page_list
from recommender.views.home import LISTS


class ItemPageView(ItemView):
    """The catalogue's item page with a list of the scenario `item` for the person looking: from the item's category,
    without the similar items already shown. htmx requests only the list once it has changed."""

    scenario: ClassVar[str] = "item"
    lists: ClassVar[str] = "recommender/_item_lists.html"

    def show(self, request: HttpRequest, item: Item) -> HttpResponse:
        note_opened(request, item.pk)
        context = self.context(item)
        subject = subject_of(request)
        assigned = assignment_for(self.scenario, subject, request=request)
        recommendations = recommend(
            subject,
            settings=assigned.settings,
            category=item.category,
            exclude=[item.pk, *(other.pk for other in context["similar"])],
        )
        note_page_list(request, assigned, (own.item.pk for own in recommendations))
        context["rail"] = _rail(item, recommendations)
        response = render(request, self.lists if request.headers.get("HX-Target") == LISTS else self.page, context)
        patch_vary_headers(response, ["HX-Target"])
        return response


def _rail(item: Item, recommendations: tuple[Recommendation, ...]) -> Rail | None:
    """The list under a title that names its main source; None if nothing is left to recommend."""
    if not recommendations:
        return None
    sources = {own.source for own in recommendations}
    title = "For you" if "taste" in sources else "Popular" if "popular" in sources else "New"
    if item.category:
        title = f"{title} in {item.category}"
    return Rail(name="beside", title=title, recommendations=recommendations)
