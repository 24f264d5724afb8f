"""Choosing a training's parameters: each choice is trained on older interactions and asked for newer ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recommender.space.contents import scaled
from recommender.space.folding import MOST_ITEMS, decayed
from recommender.space.histories import History, Split
from recommender.space.learning import Collaborative, collaborate
from recommender.space.measures import ndcg_of
from recommender.space.parameters import CHOICES, Parameters

Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]

#: People that are asked about, spread evenly over all; and how many of them at a time.
MOST_PEOPLE, AT_ONCE = 1_000, 250
#: Times that every parameter is gone over.
ROUNDS = 3


class Bench:
    """Measures parameters on splits of the same histories. What choices share is worked out once: the factors for each
    split and ridge."""

    def __init__(self, splits: Sequence[Split], contents: Floats, *, text_dimensions: int) -> None:
        self._splits = splits
        self._contents = contents
        self._text_dimensions = text_dimensions
        self._learnt: dict[tuple[int, float], Collaborative] = {}
        self._judged: dict[Parameters, Floats] = {}

    def ndcg(self, parameters: Parameters) -> Floats:
        """The nDCG@10 of each person asked about, over the whole catalogue less their history: for one split after the
        other."""
        if parameters not in self._judged:
            self._judged[parameters] = np.concatenate(
                [
                    self._measured(parameters, number, people[start : start + AT_ONCE])
                    for number, people in enumerate(map(people_asked, self._splits))
                    for start in range(0, len(people), AT_ONCE)
                ]
            )
        return self._judged[parameters]

    def search(self, start: Parameters) -> Parameters:
        """Go over the parameters in turn, each time taking a better value, until none is better: coordinate ascent.

        A value is better that gains more than the standard error of its gain; by less, people differ anyhow, and what
        is chosen among many by so little is chosen by chance (the rule of Breiman et al., 1984).
        """
        best = start
        for _ in range(ROUNDS):
            before = best
            for name in CHOICES:
                for tried in best.variants(name):
                    gains = self.ndcg(tried) - self.ndcg(best)
                    if gains.mean() > gains.std() / np.sqrt(len(gains)):
                        best = tried
            if best == before:
                break
        return best

    def _measured(self, parameters: Parameters, number: int, people: Sequence[int]) -> Floats:
        split = self._splits[number]
        histories = [split.histories[place] for place in people]
        contents = scaled(self._contents, self._text_dimensions, parameters.tag_length)
        learnt, cut = self._factors(number, parameters.ridge), slice(int(parameters.factors))
        share = np.float32(parameters.content_share)
        scores = share * _scores(histories, parameters.half_life_content, contents, contents)
        scores += (1 - share) * _scores(
            histories, parameters.half_life_factors, learnt.sources[:, cut], learnt.targets[:, cut]
        )
        return ndcg_of(scores, [own.items for own in histories], [split.held_out[place] for place in people])

    def _factors(self, number: int, ridge: float) -> Collaborative:
        """As many as any choice has; fewer are the first of them."""
        if (number, ridge) not in self._learnt:
            histories, most = self._splits[number].histories, int(max(CHOICES["factors"]))
            self._learnt[number, ridge] = collaborate(histories, self._contents, ridge=ridge, factors=most)
        return self._learnt[number, ridge]


def people_asked(split: Split) -> list[int]:
    """Places of up to MOST_PEOPLE people of whom something is held out and something known."""
    able = [place for place, held in enumerate(split.held_out) if held and len(split.histories[place].items)]
    return able[:: max(1, -(-len(able) // MOST_PEOPLE))]


def _scores(histories: Sequence[History], half_life: float, sources: Floats, targets: Floats) -> Scores:
    """Of shape (people, items), each row by its standard deviation."""
    folded = np.zeros((len(histories), sources.shape[1]))
    for row, history in zip(folded, histories, strict=True):
        items, strengths = history.newest_first(MOST_ITEMS)
        row[:] = decayed(strengths, half_life) @ sources[items]
    scores = folded.astype(np.float32) @ targets.T.astype(np.float32)
    spread = scores.std(axis=1, keepdims=True)
    return np.divide(scores, spread, out=np.zeros_like(scores), where=spread > 0)
