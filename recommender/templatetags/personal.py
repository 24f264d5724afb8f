"""What pages show of a visitor's own data: switches on items, what was done, shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import RequestContext

from catalog.models import Item

register = template.Library()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A kind of reaction, with its labels while off and while on. `done` says in a word or two what pressing it did."""

    kind: str
    off: str
    on: str
    done: str


LIKE = Switch(kind="like", off="Like", on="Liked", done="Liked")
SAVE = Switch(kind="save", off="Save", on="Saved", done="Saved")
HIDE = Switch(kind="hide", off="Hide", on="Hidden", done="Hidden")
MORE = Switch(kind="like", off="More like", on="Liked", done="More like")
LESS = Switch(kind="dislike", off="Not for me:", on="Not for me", done="Not for you:")
SWITCHES = (LIKE, SAVE, HIDE)
#: The switches with which a recommendation can be answered in place.
ANSWERS = (MORE, LESS, SAVE, HIDE)
#: The CSS class of the form for each look: icons on a hit or a card, words on the item's own page.
LOOKS = {"hit": "hit__acts", "card": "card__acts", "rail": "card__acts", "page": "item__acts"}
RAIL = "rail"


def switches_of(look: str) -> tuple[Switch, ...]:
    return ANSWERS if look == RAIL else SWITCHES


@register.inclusion_tag("recommender/_reactions.html", takes_context=True)
def reactions(context: RequestContext, item: Item, look: str, place: str = "") -> dict[str, Any]:
    """The switches. `place` distinguishes forms of the same item on one page."""
    switches: Mapping[int, Collection[str]] = context["switches"]
    request = context["request"]
    return reactions_context(item, look, place, switches.get(item.pk, ()), request.get_full_path()) | {
        "csrf_token": context["csrf_token"]
    }


def reactions_context(item: Item, look: str, place: str, on: Collection[str], back: str) -> dict[str, Any]:
    return {
        "item": item,
        "look": look,
        "place": place,
        "form_class": LOOKS[look],
        "switches": [(switch, switch.kind in on) for switch in switches_of(look)],
        "back": back,
    }


PAST_TENSE = {
    "view": "Looked at",
    "click": "Opened",
    "save": "Saved",
    "cart": "Added to basket",
    "buy": "Bought",
    "like": "Liked",
    "rating": "Rated",
    "dislike": "Disliked",
    "hide": "Hidden",
}


@register.filter
def past_tense(kind: str) -> str:
    """save -> Saved"""
    return PAST_TENSE.get(kind, kind.capitalize())


@register.filter
def whole_percent(share: float) -> int:
    """0.426 -> 43"""
    return round(100 * share)
