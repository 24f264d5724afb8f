"""The parts of scores (content, factors, tower) for some people and items, cached while parameters are searched.

Most parameters change one part, or only the shares of the parts, so most of a measurement is a sum of cached arrays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from recommender.space.contents import scaled
from recommender.space.folding import MOST_ITEMS
from recommender.space.histories import History
from recommender.space.learning import Collaborative, collaborate, guess, targets_of
from recommender.space.parameters import CHOICES, Parameters
from recommender.space.strengths import decayed
from recommender.space.tower_training import train_tower

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Value = TypeVar("Value")

#: How many values of a part are kept: the one for the best parameters so far, and the one for those being tried.
REMEMBERED = 2
#: Likewise for what EASE learnt, the costliest part: one for each value of `learnt`, and one more.
LEARNT_REMEMBERED = len(CHOICES["learnt"]) + 1
#: How many scores are computed at a time: 10 MB in float32.
SCORES_AT_ONCE = 2_500_000


class Newest(Generic[Value]):
    """A cache of the `most` values requested most recently."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of this key, made with `make` if it is not cached."""
        if key not in self._values:
            while len(self._values) >= self._most:
                self._values.popitem(last=False)
            self._values[key] = make()
        self._values.move_to_end(key)
        return self._values[key]


class Parts:
    """Trains on everybody's `histories` and scores items for the `people` at these positions in them.

    `contents` is (items, content dimensions). Scores cover all items, or those numbered in `asked`. Memory: each of
    three parts keeps REMEMBERED float32 arrays (people, items asked), and EASE LEARNT_REMEMBERED times 8 bytes for each
    factor of each item (sources and targets in float32).
    """

    def __init__(
        self,
        histories: Sequence[History],
        people: Sequence[int],
        contents: Floats,
        *,
        text_dimensions: int,
        asked: Integers | None = None,
    ) -> None:
        self.people = people
        self._asked = np.arange(len(contents)) if asked is None else asked
        self._histories = histories
        self._contents = contents
        self._text_dimensions = text_dimensions
        self._learnt: Newest[Collaborative] = Newest(LEARNT_REMEMBERED)
        self._targets: Newest[Floats] = Newest()
        self._by_content: Newest[Scores] = Newest()
        self._by_factors: Newest[Scores] = Newest()
        self._by_tower: Newest[Scores] = Newest()

    def scores(self, parameters: Parameters, some: slice) -> Scores:
        """Scores (people, items asked) for a slice of the people. The standard deviation of each part over all items is
        its share."""
        share, rest = np.float32(parameters.content_share), np.float32(1 - parameters.tower_share)
        scores = rest * share * self._content(parameters)[some]
        scores += rest * (1 - share) * self._factors(parameters)[some]
        if parameters.tower_share:
            scores += np.float32(parameters.tower_share) * self._tower()[some]
        if parameters.prior:
            scores += np.float32(parameters.prior) * self._found(parameters)[self._asked, -1].astype(np.float32)
        return scores

    def batches(self) -> list[slice]:
        """Slices of the people, SCORES_AT_ONCE scores each."""
        at_once = max(SCORES_AT_ONCE // max(len(self._contents), 1), 1)
        return [slice(start, start + at_once) for start in range(0, len(self.people), at_once)]

    def _content(self, parameters: Parameters) -> Scores:
        half_life, tag_length = parameters.half_life_content, parameters.tag_length

        def made() -> Scores:
            contents = scaled(self._contents, self._text_dimensions, tag_length)
            return self._spread(self._sums(half_life, contents), contents)

        return self._by_content.of((half_life, tag_length), made)

    def _factors(self, parameters: Parameters) -> Scores:
        p, cut = parameters, slice(parameters.factors)

        def made() -> Scores:
            folded = self._sums(p.half_life_factors, self._collaborated(p).factors.sources[:, cut])
            return self._spread(folded, self._found(p)[:, :-1][:, cut])

        return self._by_factors.of((p.ridge, p.learnt, p.map_ridge, p.factors, p.half_life_factors), made)

    def _tower(self) -> Scores:
        def made() -> Scores:
            learnt = train_tower(self._histories, self._contents)
            return self._spread(learnt.people([self._histories[place] for place in self.people]), learnt.targets)

        return self._by_tower.of(None, made)

    def _collaborated(self, parameters: Parameters) -> Collaborative:
        """The most factors of any choice, in float32; a choice of k uses the first k of them."""
        most = max(CHOICES["factors"])

        def made() -> Collaborative:
            learnt = collaborate(self._histories, len(self._contents), parameters=parameters, factors=most)
            return replace(learnt, factors=learnt.factors.in_single_precision())

        return self._learnt.of((parameters.ridge, parameters.learnt), made)

    def _found(self, parameters: Parameters) -> Floats:
        """[factors | prior] of all items, (items, k + 1)."""

        def made() -> Floats:
            learnt = self._collaborated(parameters)
            return targets_of(learnt, guess(learnt, self._contents, ridge=parameters.map_ridge), self._contents)

        return self._targets.of((parameters.ridge, parameters.learnt, parameters.map_ridge), made)

    def _sums(self, half_life: float, sources: npt.NDArray[Any]) -> Floats:
        """The decayed sum of each person's sources, (people, dimensions of a source)."""
        folded = np.zeros((len(self.people), sources.shape[1]))
        for row, place in zip(folded, self.people, strict=True):
            items, strengths = self._histories[place].newest_first(MOST_ITEMS)
            row[:] = decayed(strengths, half_life) @ sources[items]
        return folded

    def _spread(self, folded: Floats, targets: Floats) -> Scores:
        """Inner products (people, items asked), each row divided by its standard deviation over all items."""
        spread_scores = np.empty((len(folded), len(self._asked)), np.float32)
        found_by = targets.T.astype(np.float32)
        for some in self.batches():
            scores = folded[some].astype(np.float32) @ found_by
            spread = scores.std(axis=1, keepdims=True)
            scores = scores if len(self._asked) == len(targets) else scores[:, self._asked]
            np.divide(scores, spread, out=scores, where=spread > 0)
            spread_scores[some] = np.where(spread > 0, scores, 0)
        return spread_scores
