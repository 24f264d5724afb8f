"""Choosing a training's parameters: each choice is trained on older interactions and asked for newer ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from recommender.space.contents import scaled
from recommender.space.folding import MOST_ITEMS, decayed
from recommender.space.histories import History, Split, Withheld
from recommender.space.learning import Collaborative, collaborate, guess, targets_of
from recommender.space.measures import Tops, ndcg_of, ndcg_of_top, top_of
from recommender.space.parameters import CHOICES, CHOICES_FOR_NEW, WIDENING, Parameters

Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]

#: People that are asked about, spread evenly over all. Each is asked about all items: of a large catalogue it is fewer
#: people, so that no measurement takes more than so many scores.
MOST_PEOPLE, FEWEST_ASKED, MOST_SCORES = 1_000, 250, 20_000_000
#: Scores that are in memory at a time.
SCORES_AT_ONCE = 2_500_000
#: Times that every parameter is gone over.
ROUNDS = 3


class Bench:
    """Measures parameters on splits of the same histories, and on new items. What choices share is worked out once: the
    factors for each split and what EASE is told."""

    def __init__(self, splits: Sequence[Split], withheld: Withheld, contents: Floats, *, text_dimensions: int) -> None:
        self._splits = splits
        self._withheld = withheld
        self._contents = contents
        self._text_dimensions = text_dimensions
        self._learnt: dict[tuple[int, float, int], Collaborative] = {}
        self._targets: dict[tuple[int, float, int, float], Floats] = {}
        self._judged: dict[Parameters, Floats] = {}

    def ndcg(self, parameters: Parameters) -> Floats:
        """The nDCG@10 of each person asked about, over the whole catalogue less their history: for one split after the
        other."""
        if parameters not in self._judged:
            self._judged[parameters] = np.concatenate(
                [
                    self._measured(parameters, number, some)
                    for number, split in enumerate(self._splits)
                    for some in self._batches(people_asked(split, len(self._contents)))
                ]
            )
        return self._judged[parameters]

    def ndcg_of_new(self, parameters: Parameters) -> Floats:
        """The nDCG@10 of each person who met withheld items, over these alone, of which nothing is known but their
        contents."""
        withheld, number = self._withheld, len(self._splits)
        scores = self._scores(parameters, number, withheld.histories, withheld.asked)[:, withheld.items]
        nothing = [np.zeros(0, np.int64)] * len(scores)
        return ndcg_of(scores, nothing, withheld.wanted)

    def search(self, start: Parameters) -> Parameters:
        """The best parameters, and of those that are as good for all that can be told the ones whose lists show most of
        the catalogue. What concerns new items alone is chosen last, on withheld items, and must not cost the others."""
        best = self._widened(_ascend(start, CHOICES, self.ndcg))
        if not self._withheld.asked:
            return best
        harmless = partial(self._is_as_good_as, best)
        return _ascend(best, CHOICES_FOR_NEW, self.ndcg_of_new, allowed=harmless)

    def _widened(self, best: Parameters) -> Parameters:
        """The parameters by which the newest lists hold the most different items, among those that are worse than
        `best` by no more than the standard error of the difference (the rule of Breiman et al., 1984)."""
        chosen, most = best, self._items_shown(best)
        for name in WIDENING:
            for tried in chosen.variants(name):
                if self._is_as_good_as(best, tried) and (shown := self._items_shown(tried)) > most:
                    chosen, most = tried, shown
        return chosen

    def _is_as_good_as(self, best: Parameters, tried: Parameters) -> bool:
        losses = self.ndcg(best) - self.ndcg(tried)
        return bool(losses.mean() <= losses.std() / np.sqrt(len(losses)))

    def _items_shown(self, parameters: Parameters) -> int:
        """Different items among what people are listed, beside none at all."""
        return len(np.unique(self.newest_top(parameters)))

    def newest_top(self, parameters: Parameters) -> Tops:
        """What each person asked about on the newest split is listed, the best first: shape (people, DEPTH)."""
        people = people_asked(self._splits[0], len(self._contents))
        return np.concatenate([self._top(parameters, 0, some) for some in self._batches(people)])

    def _measured(self, parameters: Parameters, number: int, people: Sequence[int]) -> Floats:
        held_out = [self._splits[number].held_out[place] for place in people]
        return ndcg_of_top(self._top(parameters, number, people), held_out)

    def _top(self, parameters: Parameters, number: int, people: Sequence[int]) -> Tops:
        split = self._splits[number]
        scores = self._scores(parameters, number, split.histories, people)
        return top_of(scores, [split.histories[place].items for place in people])

    def _batches(self, people: Sequence[int]) -> Iterator[Sequence[int]]:
        """So few people at a time that their scores fit in memory."""
        at_once = max(SCORES_AT_ONCE // max(len(self._contents), 1), 1)
        return (people[start : start + at_once] for start in range(0, len(people), at_once))

    def _scores(
        self, parameters: Parameters, number: int, histories: Sequence[History], people: Sequence[int]
    ) -> Scores:
        """Of shape (people, items), for the people at these places; both parts spread alike over all items."""
        asked = [histories[place] for place in people]
        contents = scaled(self._contents, self._text_dimensions, parameters.tag_length)
        learnt, cut = self._factors(number, parameters, histories), slice(parameters.factors)
        targets = self._targets_of(number, parameters, learnt)
        share = np.float32(parameters.content_share)
        scores = share * _spread_scores(asked, parameters.half_life_content, contents, contents)
        scores += (1 - share) * _spread_scores(
            asked, parameters.half_life_factors, learnt.factors.sources[:, cut], targets[:, cut]
        )
        scores += np.float32(parameters.prior) * targets[:, -1].astype(np.float32)
        return scores

    def _factors(self, number: int, parameters: Parameters, histories: Sequence[History]) -> Collaborative:
        """As many as any choice has; fewer are the first of them."""
        key = (number, parameters.ridge, parameters.learnt)
        if key not in self._learnt:
            most = max(CHOICES["factors"])
            self._learnt[key] = collaborate(histories, len(self._contents), parameters=parameters, factors=most)
        return self._learnt[key]

    def _targets_of(self, number: int, parameters: Parameters, learnt: Collaborative) -> Floats:
        key = (number, parameters.ridge, parameters.learnt, parameters.map_ridge)
        if key not in self._targets:
            guessed = guess(learnt, self._contents, ridge=parameters.map_ridge)
            self._targets[key] = targets_of(learnt, guessed, self._contents)
        return self._targets[key]


def people_asked(split: Split, items: int) -> list[int]:
    """Places of people of whom something is held out and something known, fewer for a larger catalogue."""
    able = [place for place, held in enumerate(split.held_out) if held and len(split.histories[place].items)]
    most = min(MOST_PEOPLE, max(FEWEST_ASKED, MOST_SCORES // max(items, 1)))
    return able[:: max(1, -(-len(able) // most))]


def _ascend(
    start: Parameters,
    names: Iterable[str],
    measure: Callable[[Parameters], Floats],
    *,
    allowed: Callable[[Parameters], bool] = lambda tried: True,
) -> Parameters:
    """Go over the parameters in turn, each time taking a better value that is allowed, until none is better: coordinate
    ascent.

    A value is better that gains more than the standard error of its gain; by less, people differ anyhow, and what is
    chosen among many by so little is chosen by chance (the rule of Breiman et al., 1984).
    """
    best, names = start, list(names)
    for _ in range(ROUNDS):
        before = best
        for name in names:
            for tried in best.variants(name):
                gains = measure(tried) - measure(best)
                if gains.mean() > gains.std() / np.sqrt(len(gains)) and allowed(tried):
                    best = tried
        if best == before:
            break
    return best


def _spread_scores(histories: Sequence[History], half_life: float, sources: Floats, targets: Floats) -> Scores:
    """Of shape (people, items), each row by its standard deviation."""
    folded = np.zeros((len(histories), sources.shape[1]))
    for row, history in zip(folded, histories, strict=True):
        items, strengths = history.newest_first(MOST_ITEMS)
        row[:] = decayed(strengths, half_life) @ sources[items]
    scores = folded.astype(np.float32) @ targets.T.astype(np.float32)
    spread = scores.std(axis=1, keepdims=True)
    return np.divide(scores, spread, out=np.zeros_like(scores), where=spread > 0)
