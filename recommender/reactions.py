"""The switches on an item: like, dislike, save and hide. A switch that is on is an interaction; off means none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import transaction

from catalog.models import Item
from recommender.interactions import NewInteraction, delete_interactions, record_interactions
from recommender.models import Interaction
from recommender.subjects import Subject

KINDS = ("like", "dislike", "save", "hide")
#: Switching one of these on switches its opposite off.
OPPOSITES = {"like": "dislike", "dislike": "like"}


@transaction.atomic
def react(subject: Subject, item_id: int, kind: str, on: bool) -> str:
    """Set a switch; setting it to its current state changes nothing. Return the kind that this switched off, if any.

    Raises ValueError for a kind that is no switch.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a reaction. Known: {', '.join(KINDS)}.")
    switched_off = [OPPOSITES[kind]] if on and kind in OPPOSITES else [] if on else [kind]
    was_on = 0
    if switched_off:
        was_on = delete_interactions(subject, Interaction.objects.with_item(item_id).of_kinds(switched_off))
    if on:
        event = NewInteraction(item_id=item_id, kind=kind, event_id=f"{kind}-{item_id}")
        record_interactions(subject, [event])
    return OPPOSITES[kind] if on and was_on else ""


def settle_opposites(subject: Subject, among: Iterable[int]) -> None:
    """Where opposite switches are on for one of these items, leave on what was switched on last."""
    interactions = Interaction.objects.of(subject).of_kinds(OPPOSITES).with_items_among(among).newest()
    last: dict[int, str] = {}
    undone = [
        pk
        for pk, item_id, kind in interactions.values_list("pk", "item_id", "kind_id")
        if last.setdefault(item_id, kind) != kind
    ]
    if undone:
        Interaction.objects.filter(pk__in=undone).delete()


def reactions_of(subject: Subject, among: Iterable[int] | None = None) -> Mapping[int, frozenset[str]]:
    """The switches a subject has on, by item id, for all items or those given. One query; none for somebody unknown."""
    if not subject.known:
        return {}
    interactions = Interaction.objects.of(subject).of_kinds(KINDS)
    if among is not None:
        interactions = interactions.with_items_among(among)
    kinds: defaultdict[int, set[str]] = defaultdict(set)
    for item_id, kind in interactions.values_list("item_id", "kind_id"):
        kinds[item_id].add(kind)
    return {item_id: frozenset(own) for item_id, own in kinds.items()}


def saved_items(subject: Subject, *, limit: int = 100) -> list[Item]:
    """The published items that a subject saved, most recently saved first."""
    saved = Interaction.objects.of(subject).of_kinds(["save"]).newest().of_published_items().with_items()
    return list(dict.fromkeys(interaction.item for interaction in saved[:limit]))
