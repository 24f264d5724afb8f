"""The content part of an item's vector: [text | tags | numbers], minus the mean over all items.

The text vector comes from the encoder, tags from the category and textual attributes, numbers from numeric attributes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: A tag is a category, or a value of a textual attribute, that at least this share of the items have. At most this many
#: tags are used, the most common ones.
LEAST_SHARE, MOST_TAGS = 0.01, 64
#: At most this many numeric attributes are used, those that most items have. Each is encoded by its nearness to this
#: many quantiles. At least LEAST_SHARE * QUANTILES of the items must have one: as many for each quantile as for a tag.
MOST_NUMBERS, QUANTILES = 4, 12

Tagged = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How items become content vectors."""

    tags: Mapping[str, float]
    """The weight of each tag, log(items / items that have it)."""
    centre: Floats
    """(content dimensions,): the mean over all items."""
    numbers: Mapping[str, Sequence[float]]
    """The quantiles of each numeric attribute, strictly ascending."""

    def of(self, text: npt.NDArray[Any], tagged: Tagged) -> Floats:
        """(content dimensions,)."""
        return uncentred(text, tagged, self.tags, self.numbers) - self.centre


def learn(texts: npt.NDArray[np.float32], tagged: Sequence[Tagged]) -> tuple[Contents, Floats]:
    """Learn from all items, whose `texts` are (items, dimensions); also return their contents, (items, content
    dimensions)."""
    counts = Counter(tag for item in tagged for tag in tags_of(*item))
    common = [(tag, n) for tag, n in counts.most_common(MOST_TAGS) if LEAST_SHARE * len(tagged) <= n < len(tagged)]
    tags = {tag: float(np.log(len(tagged) / n)) for tag, n in common}
    numbers = _quantiles([attributes for _, attributes in tagged])
    rows = np.array([uncentred(text, item, tags, numbers) for text, item in zip(texts, tagged, strict=True)])
    centre = rows.mean(axis=0)
    return Contents(tags=tags, numbers=numbers, centre=centre), rows - centre


def scaled(rows: Floats, text_dimensions: int, tag_length: float) -> Floats:
    """Contents (..., content dimensions) with tags and numbers multiplied by `tag_length`; texts keep length 1."""
    scale = np.ones(rows.shape[-1])
    scale[text_dimensions:] = tag_length
    return rows * scale


def uncentred(
    text: npt.NDArray[Any], tagged: Tagged, tags: Mapping[str, float], numbers: Mapping[str, Sequence[float]]
) -> Floats:
    """[text | a value per tag | a value per quantile], with each of the three parts scaled to length 1.

    A number is interpolated between the two quantiles around it (values that add up to 1) and is 0 at the others. A
    model that is linear in contents is therefore piecewise linear in the number, with a knot at each quantile.
    """
    category, attributes = tagged
    own = tags_of(category, attributes)
    borne = np.array([weight if tag in own else 0.0 for tag, weight in tags.items()])
    near = [_near(attributes.get(name), quantiles) for name, quantiles in numbers.items()]
    return np.concatenate([np.asarray(text, np.float64), _normalised(borne), _normalised(np.concatenate([[], *near]))])


def tags_of(category: str, attributes: Mapping[str, Any]) -> set[str]:
    """The category and all texts among the attributes, whichever attribute they are in."""
    return {category, *chain.from_iterable(map(_texts, attributes.values()))} - {""}


def _texts(value: Any) -> Iterable[str]:
    values = value if isinstance(value, list) else [value]
    return (text for text in values if isinstance(text, str))


def _quantiles(items: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The quantiles of the numeric attributes that most items have, except those with a single value."""
    counts = Counter(name for attributes in items for name, _ in _numbers(attributes))
    found = {}
    for name, count in counts.most_common(MOST_NUMBERS):
        if count >= LEAST_SHARE * QUANTILES * len(items):
            values = [value for attributes in items for own, value in _numbers(attributes) if own == name]
            quantiles = np.unique(np.quantile(values, np.linspace(0, 1, QUANTILES))).tolist()
            if len(quantiles) > 1:
                found[name] = quantiles
    return found


def _numbers(attributes: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    return ((name, float(value)) for name, value in attributes.items() if _is_number(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _near(value: Any, quantiles: Sequence[float]) -> Floats:
    """(quantiles,): 1 at the value's own quantile, linear in between, all 0 without a number."""
    if not _is_number(value):
        return np.zeros(len(quantiles))
    places = np.arange(len(quantiles))
    return np.maximum(1 - np.abs(places - np.interp(value, quantiles, places)), 0.0)


def _normalised(places: Floats) -> Floats:
    length = float(np.linalg.norm(places))
    return places / length if length else places
