"""The page of one item."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views import View

from catalog.models import Attribute, Item
from catalog.querylog.requests import log_page_click
from catalog.search.similar import similar_items
from catalog.views.labels import facts, meta_line

SIMILAR = 12


class ItemView(View):
    """What is known about an item, and items close to it in meaning."""

    page: ClassVar[str] = "catalog/item.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(Item.objects.published(), pk=pk)
        log_page_click(request, item.pk)
        return self.show(request, item)

    def show(self, request: HttpRequest, item: Item) -> HttpResponse:
        return render(request, self.page, self.context(item))

    def context(self, item: Item) -> dict[str, Any]:
        attributes = list(Attribute.objects.all())
        return {
            "item": item,
            "meta": meta_line(item, attributes),
            "facts": facts(item, attributes),
            "similar": [hit.item for hit in similar_items(item, limit=SIMILAR)],
        }
