"""How far lists are from what people are used to, by their items' tags, such as genres."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import numpy as np

from catalog.models import Item
from catalog.ranking.calibration import divergence
from recommender.space.contents import LEAST_SHARE, tags_of

Tags = Mapping[str, frozenset[str]]
#: The items at the top of a list that count.
DEPTH = 10


def tags_by_external_id() -> dict[str, frozenset[str]]:
    """The tags of every published item, keeping tags that at least one item in a hundred has."""
    rows = Item.objects.published().values_list("external_id", "category", "attributes")
    borne = {external_id: tags_of(category, attributes) for external_id, category, attributes in rows}
    counts = Counter(tag for tags in borne.values() for tag in tags)
    common = {tag for tag, count in counts.items() if count >= LEAST_SHARE * len(borne)}
    return {external_id: frozenset(tags & common) for external_id, tags in borne.items()}


def miscalibration(histories: Mapping[str, Iterable[str]], rankings: Mapping[str, Sequence[str]], tags: Tags) -> float:
    """The mean over people of the Kullback-Leibler divergence between the tags of their first ten items and those of
    their histories (Steck, 2018): 0 where both have the same shares. Items are by external id; all items count alike,
    and so do all tags of an item. People whose history has no tags are left out."""
    found = []
    for name, history in histories.items():
        wanted, listed = _shares(history, tags), _shares(rankings[name][:DEPTH], tags)
        if wanted:
            names = sorted(wanted)
            held = np.array([[listed.get(tag, 0.0) for tag in names] + [sum(listed.values()) - _of(listed, names)]])
            shares = np.array([*(wanted[tag] for tag in names), 0.0])
            found.append(float(divergence(held, shares)[0]))
    return fmean(found) if found else 0.0


def _of(shares: Mapping[str, float], names: Iterable[str]) -> float:
    return sum(shares.get(name, 0.0) for name in names)


def _shares(items: Iterable[str], tags: Tags) -> dict[str, float]:
    counted: defaultdict[str, float] = defaultdict(float)
    for external_id in items:
        own = tags.get(external_id, frozenset())
        for tag in own:
            counted[tag] += 1 / len(own)
    total = sum(counted.values())
    return {tag: count / total for tag, count in counted.items()}
