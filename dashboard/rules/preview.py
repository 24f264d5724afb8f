"""What a rule would change: the results of a search without and with it, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.models import Item, SearchRule
from catalog.search import search
from catalog.search.filters import FilterError
from catalog.search.predicates import predicate
from catalog.search.queries import MAX_LIMIT, Hit, SearchQuery
from catalog.search.rules import Rule, compiled, rules_in_force
from catalog.search.synonyms import folded_words
from dashboard.marks import Mark, place_after, place_before

#: Hits shown on each side. Moves are reported up to the depth of a search.
SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    place: int
    hit: Hit
    marks: list[Mark]

    @property
    def item(self) -> Item:
        return self.hit.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    before: list[Row]
    after: list[Row]
    found_before: int
    """Close hits: the number a search reports as found."""
    found_after: int
    applies: bool
    """Whether the query meets the rule's condition."""
    is_on: bool
    """Whether the rule, once saved, would be active right now."""


def preview(rule: SearchRule, text: str) -> Preview:
    """Search without and with a rule, which need not be saved; it counts as enabled and within its time.

    Raises InvalidQuery.
    """
    others = rules_in_force().without(rule.pk)
    draft = compiled(rule).at_any_time()
    query = SearchQuery(text=text, limit=MAX_LIMIT, highlight=False)
    before = search(query, rules=others)
    applies = draft.covers(folded_words(text))
    after = search(query, rules=others.with_rule(draft)) if applies else before
    places_before, places_after = _places(before.hits), _places(after.hits)
    hidden = _hidden(draft, [hit.item.pk for hit in before.hits[:SHOWN]]) if applies else set()
    return Preview(
        before=[
            Row(place=place, hit=hit, marks=_fate(hit, place, places_after, hidden))
            for place, hit in enumerate(before.hits[:SHOWN], start=1)
        ],
        after=[
            Row(place=place, hit=hit, marks=_change(hit, place, places_before, before.hits, draft))
            for place, hit in enumerate(after.hits[:SHOWN], start=1)
        ],
        found_before=before.close_total,
        found_after=after.close_total,
        applies=applies,
        is_on=rule.state == "on",
    )


def _places(hits: tuple[Hit, ...]) -> dict[int, int]:
    return {hit.item.pk: place for place, hit in enumerate(hits, start=1)}


def _hidden(draft: Rule, item_ids: list[int]) -> set[int]:
    """The items that the rule hides."""
    try:
        meeting = predicate(draft.hidden)
    except FilterError:
        return set()
    return {pk for pk, _ in Item.objects.meeting(meeting).titles(item_ids)} if meeting else set()


def _fate(hit: Hit, place: int, places_after: Mapping[int, int], hidden: set[int]) -> list[Mark]:
    if hit.item.pk in hidden:
        return [Mark(kind="hidden", text="Hidden")]
    now = places_after.get(hit.item.pk)
    if now is None:
        return [Mark(kind="down", text=f"beyond {MAX_LIMIT}")]
    return place_after(place, now)


def _change(hit: Hit, place: int, places_before: Mapping[int, int], before: tuple[Hit, ...], draft: Rule) -> list[Mark]:
    marks = []
    was = places_before.get(hit.item.pk)
    if hit.pinned and any(pin.external_id == hit.item.external_id for pin in draft.pins):
        marks.append(Mark(kind="pinned", text="Pinned"))
    gained = hit.score - before[was - 1].score if was else 0.0
    if draft.boosts and draft in hit.rules and round(gained, 2):
        marks.append(Mark(kind="boosted", text=f"{gained:+.2f}"))
    return marks + place_before(place, was)
