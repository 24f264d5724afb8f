"""The several interests of one person: groups of liked items, and an aversion. Arithmetic only.

People rarely want a single thing: the mean of musicals and submarines is neither. Each group of liked items is an
interest of its own, with a representative item and its share of everything that was liked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.clusters import Floats, medoid, ward
from recommender.interests import MAX_SOURCES, Interest, Vector, interest_of
from recommender.scoring import normalised

MOST_INTERESTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalInterest:
    """`share` is its fraction of the total positive weight, 0 to 1, and `medoid` its representative item. An aversion,
    which groups what somebody turns away from, has a share of 0 and no medoid."""

    interest: Interest
    share: float
    medoid: int | None = None
    name: str = ""
    muted: bool = False

    @property
    def is_aversion(self) -> bool:
        return self.medoid is None

    @property
    def key(self) -> int:
        """The id of an item that identifies this interest even after it has been recomputed."""
        return self.items[0] if self.medoid is None else self.medoid

    @property
    def items(self) -> list[int]:
        """The items that made it, the weightiest first."""
        return self.interest.strongest()


def interests_of(weights: Mapping[int, float], vectors: Mapping[int, Vector]) -> list[PersonalInterest]:
    """The interests that items make, from their signed weights and centred vectors, the largest first; the aversion, if
    any, comes last. Items without a vector are skipped."""
    liked = {item_id: weight for item_id, weight in weights.items() if weight > 0 and item_id in vectors}
    disliked = {item_id: weight for item_id, weight in weights.items() if weight < 0}
    total, found = sum(liked.values()), []
    for group, representative in _groups(liked, vectors):
        interest = interest_of({item_id: liked[item_id] for item_id in group}, vectors)
        if interest is not None:
            share = sum(liked[item_id] for item_id in group) / total
            found.append(PersonalInterest(interest=interest, share=share, medoid=representative))
    found.sort(key=lambda own: (-own.share, own.medoid or 0))
    if (aversion := interest_of(disliked, vectors)) is not None:
        found.append(PersonalInterest(interest=aversion, share=0.0))
    return found


def _groups(liked: Mapping[int, float], vectors: Mapping[int, Vector]) -> list[tuple[list[int], int]]:
    """Groups of liked items, each with its medoid. The weightiest MAX_SOURCES are clustered; the others join the group
    with the nearest medoid."""
    ordered = sorted(liked, key=lambda item_id: (-liked[item_id], item_id))
    core, others = ordered[:MAX_SOURCES], ordered[MAX_SOURCES:]
    rows = _rows(core, vectors)
    groups = []
    for positions in ward(rows, most=MOST_INTERESTS):
        weights = np.array([liked[core[position]] for position in positions])
        groups.append(([core[position] for position in positions], core[positions[medoid(rows[positions], weights)]]))
    if others:
        nearest = (_rows(others, vectors) @ _rows([representative for _, representative in groups], vectors).T).argmax(
            1
        )
        for item_id, place in zip(others, nearest.tolist(), strict=True):
            groups[place][0].append(item_id)
    return groups


def _rows(item_ids: Sequence[int], vectors: Mapping[int, Vector]) -> Floats:
    """Normalised vectors, of shape (items, dimensions)."""
    if not item_ids:
        return np.zeros((0, 1))
    return normalised(np.array([vectors[item_id] for item_id in item_ids], np.float64))


#: Tags longer than this are no names; a name holds at most this many tags.
LONGEST_TAG, MOST_NAMES = 40, 2
#: A tag names an interest if at least this share of the interest has it, in this many items, and by this much more than
#: in any other interest.
LEAST_BORNE, FEWEST_BEARING, LEAST_TELLING = 0.5, 2, 0.25


def names_of(
    interests: Sequence[PersonalInterest], *, tags: Mapping[int, frozenset[str]], titles: Mapping[int, str]
) -> list[str]:
    """A name for each interest: tags that most of it has and the other interests have less, or else the title of its
    representative item. Items are by id; an aversion has no name."""
    borne = [_borne(own, tags) for own in interests]
    names: list[str] = []
    for place, own in enumerate(interests):
        if own.is_aversion:
            names.append("")
            continue
        others = [share for other, share in enumerate(borne) if other != place and not interests[other].is_aversion]
        shared = {tag: share for tag, share in borne[place].items() if _bearing(own, tag, tags) >= FEWEST_BEARING}
        name = " · ".join(_telling(shared, others))
        names.append(name or titles.get(own.medoid or 0, ""))
    return names


def _borne(own: PersonalInterest, tags: Mapping[int, frozenset[str]]) -> dict[str, float]:
    """The share of an interest's weight that has each tag."""
    shares: defaultdict[str, float] = defaultdict(float)
    total = sum(abs(weight) for weight in own.interest.sources.values())
    for item_id, weight in own.interest.sources.items():
        for tag in tags.get(item_id, ()):
            shares[tag] += abs(weight) / total
    return shares


def _bearing(own: PersonalInterest, tag: str, tags: Mapping[int, frozenset[str]]) -> int:
    return sum(tag in tags.get(item_id, ()) for item_id in own.interest.sources)


def _telling(borne: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> list[str]:
    """The tags that distinguish an interest from others, the most distinctive first."""

    def telling(tag: str) -> float:
        return borne[tag] - max((other.get(tag, 0.0) for other in others), default=0.0)

    common = [tag for tag, share in borne.items() if share >= LEAST_BORNE and len(tag) <= LONGEST_TAG]
    names = [tag for tag in common if not others or telling(tag) >= LEAST_TELLING]
    return sorted(names, key=lambda tag: (-telling(tag), -borne[tag], tag))[:MOST_NAMES]
