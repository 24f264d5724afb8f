"""The content part of an item's vector: its text's vector, and the tags it bears, both less what all items share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: A tag is a category or a textual attribute's value that at least this share of the items bear; the commonest are
#: taken.
LEAST_SHARE, MOST_TAGS = 0.01, 64

Tagged = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How items become contents: `centre` is the mean over all items, of text and tags together. A tag weighs the more
    the rarer it is."""

    tags: Mapping[str, float]
    centre: Floats

    def of(self, text: npt.NDArray[Any], tagged: Tagged) -> Floats:
        return uncentred(text, tagged, self.tags) - self.centre


def learn(texts: npt.NDArray[np.float32], tagged: Sequence[Tagged]) -> tuple[Contents, Floats]:
    """Learn from all items, and return their contents beside, of shape (items, dimensions)."""
    counts = Counter(tag for item in tagged for tag in tags_of(*item))
    common = [(tag, n) for tag, n in counts.most_common(MOST_TAGS) if LEAST_SHARE * len(tagged) <= n < len(tagged)]
    tags = {tag: float(np.log(len(tagged) / n)) for tag, n in common}
    rows = np.array([uncentred(text, item, tags) for text, item in zip(texts, tagged, strict=True)])
    centre = rows.mean(axis=0)
    return Contents(tags=tags, centre=centre), rows - centre


def scaled(rows: Floats, text_dimensions: int, tag_length: float) -> Floats:
    """Contents, of shape (..., dimensions), with tags of this length beside texts of length 1."""
    scale = np.ones(rows.shape[-1])
    scale[text_dimensions:] = tag_length
    return rows * scale


def uncentred(text: npt.NDArray[Any], tagged: Tagged, tags: Mapping[str, float]) -> Floats:
    """The text's vector and then a place for each tag, both of length 1."""
    own = tags_of(*tagged)
    places = np.array([weight if tag in own else 0.0 for tag, weight in tags.items()])
    length = float(np.linalg.norm(places)) if len(places) else 0.0
    return np.concatenate([np.asarray(text, np.float64), places / length if length else places])


def tags_of(category: str, attributes: Mapping[str, Any]) -> set[str]:
    """The category and the texts among the attributes; where they stand makes no difference."""
    return {category, *chain.from_iterable(map(_texts, attributes.values()))} - {""}


def _texts(value: Any) -> Iterable[str]:
    values = value if isinstance(value, list) else [value]
    return (text for text in values if isinstance(text, str))
