"""Template tags of the catalogue's pages, beyond Django's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.timesince import timesince

from catalog.index.serving import serving_version
from catalog.models import Item
from catalog.search.highlight import Part
from catalog.views.covers import cover_address, drawn_cover

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Works on error pages too, which have no request and so no context processors."""
    return settings.SITE_NAME


@register.simple_tag
def searches_pictures() -> bool:
    """Whether the serving index has an encoder for pictures, so that they can be searched with. One query."""
    version = serving_version()
    return version is not None and version.reads_pictures


@register.filter
def ago(moment: datetime) -> str:
    """Six days back -> 6 days ago; less than a minute back -> just now"""
    return "just now" if timezone.now() - moment < timedelta(minutes=1) else f"{timesince(moment)} ago"


@register.filter
def items(count: int, at_least: bool = False) -> str:
    """9742 -> 9,742 films, or 9,742+ films if there may be more"""
    if at_least:
        return f"{count:,}+ {settings.ITEM_NOUN_PLURAL}"
    noun = settings.ITEM_NOUN if count == 1 else settings.ITEM_NOUN_PLURAL
    return f"{count:,} {noun}"


@register.filter
def ordinal(place: int) -> str:
    """1 -> 1st, 12 -> 12th"""
    ending = "th" if 10 < place % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{ending}"


@register.filter
def sentences(parts: Iterable[Part]) -> list[tuple[bool, list[Part]]]:
    """The parts of a passage in groups: those of the closest sentence, and those around it."""
    return [(closest, list(run)) for closest, run in groupby(parts, key=lambda part: part.closest)]


@register.filter
def search_address(parameters: Mapping[str, str]) -> str:
    return f"{reverse('search')}?{urlencode(parameters)}"


@register.inclusion_tag("catalog/_cover.html")
def cover(item: Item, width: int = 76, loading: str = "") -> dict[str, object]:
    """An item's cover. `loading` is "lazy" for covers that may be off-screen."""
    address, drawn = cover_address(item), drawn_cover(item)
    return {
        "address": address,
        "fallback": drawn if address != drawn else "",
        "width": width,
        "height": width * 3 // 2,
        "loading": loading,
    }
