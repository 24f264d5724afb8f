"""A synthetic catalogue and people with tastes, of any size: mixtures of real vectors, and a long tail of likes.

Every item lies somewhere between two real texts. Each person favours a few of the catalogue's subjects, and within
these likes popular items more often: the popularity of items is a power of their rank (Zipf).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

SUBJECTS, SUBJECTS_AT_HEART = 64, 3
#: How strongly an item's rank and its closeness to a subject determine how often it is liked.
RANK_POWER, CLOSENESS = 0.8, 6.0
#: The mean and spread of the logarithm of how many items a person likes; typically sixty.
LIKES_MEAN, LIKES_SPREAD = 4.1, 0.7
MOST_LIKES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """`vectors` is (items, dimensions), normalised, and `subjects` (items,) the subject of each; `likes` has, for each
    person, the positions of the liked items, oldest first."""

    vectors: Vectors
    subjects: Integers
    likes: tuple[Integers, ...]


def make_community(real: Vectors, *, items: int, people: int) -> Community:
    """A catalogue of `items` items and the likes of `people` among them; `real` is (n, dimensions)."""
    chance = np.random.default_rng(0)
    centres = real[chance.choice(len(real), SUBJECTS, replace=False)]
    first, second = chance.integers(len(real), size=(2, items))
    share = chance.uniform(0.5, 1.0, (items, 1)).astype(np.float32)
    mixed = share * real[first] + (1 - share) * real[second]
    vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    closeness = vectors @ centres.T
    popularity = (1 + chance.permutation(items)) ** -RANK_POWER
    cumulated = [np.cumsum(popularity * np.exp(CLOSENESS * own)) for own in closeness.T]
    likes = tuple(_likes_of(chance, cumulated) for _ in range(people))
    return Community(vectors=vectors, subjects=closeness.argmax(axis=1), likes=likes)


def _likes_of(chance: np.random.Generator, cumulated: list[npt.NDArray[np.floating]]) -> Integers:
    wanted = min(int(chance.lognormal(LIKES_MEAN, LIKES_SPREAD)) + 5, MOST_LIKES)
    at_heart = chance.choice(len(cumulated), SUBJECTS_AT_HEART, replace=False)
    drawn = [
        np.searchsorted(cumulated[subject], chance.random(-(-wanted // SUBJECTS_AT_HEART)) * cumulated[subject][-1])
        for subject in at_heart
    ]
    _, places = np.unique(together := chance.permutation(np.concatenate(drawn)), return_index=True)
    return together[np.sort(places)].astype(np.int64)
