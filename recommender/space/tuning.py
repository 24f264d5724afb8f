"""Search for a training's parameters: spaces are trained on older interactions and measured on newer ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from recommender.space.histories import Split, Withheld
from recommender.space.measures import Tops, ndcg_of, ndcg_of_top, top_of
from recommender.space.parameters import CHOICES, CHOICES_FOR_NEW, WIDENING, Parameters
from recommender.space.parts import Parts

Floats = npt.NDArray[np.float64]

#: How many people a measurement covers, spread evenly over all who qualify. All items are scored for each, so a large
#: catalogue gets fewer people, to keep it to MOST_SCORES scores.
MOST_PEOPLE, FEWEST_ASKED, MOST_SCORES = 1_000, 250, 20_000_000
#: The maximum number of passes over all parameters.
ROUNDS = 3


class Bench:
    """Measures parameters on splits by time and on items withheld as new. `contents` is (items, content dimensions)."""

    def __init__(self, splits: Sequence[Split], withheld: Withheld, contents: Floats, *, text_dimensions: int) -> None:
        self._splits = splits
        self._withheld = withheld
        self._parts = [
            Parts(split.histories, people_asked(split, len(contents)), contents, text_dimensions=text_dimensions)
            for split in splits
        ]
        self._new = Parts(
            withheld.histories, withheld.asked, contents, text_dimensions=text_dimensions, asked=withheld.items
        )
        self._judged: dict[Parameters, Floats] = {}

    def ndcg(self, parameters: Parameters) -> Floats:
        """nDCG@10 of each person, (people of all splits,): over the whole catalogue except the person's history."""
        if parameters not in self._judged:
            self._judged[parameters] = np.concatenate(
                [
                    ndcg_of_top(
                        self._top(parameters, number), [split.held_out[place] for place in self._parts[number].people]
                    )
                    for number, split in enumerate(self._splits)
                ]
            )
        return self._judged[parameters]

    def ndcg_of_new(self, parameters: Parameters) -> Floats:
        """nDCG@10 of each person who met withheld items, (people,): over the withheld items only, scored by content."""
        batches = self._new.batches()
        scores = np.concatenate([self._new.scores(parameters, some) for some in batches])
        return ndcg_of(scores, [np.zeros(0, np.int64)] * len(scores), self._withheld.wanted)

    def search(self, start: Parameters) -> Parameters:
        """The best parameters found from `start`. Among those that measure equally well, the ones whose lists show the
        most different items; then those for new items, chosen on withheld items, unless they worsen the other lists."""
        best = self._widened(_ascend(start, CHOICES, self.ndcg))
        if not self._withheld.asked:
            return best
        harmless = partial(self._is_as_good_as, best)
        return _ascend(best, CHOICES_FOR_NEW, self.ndcg_of_new, allowed=harmless)

    def _widened(self, best: Parameters) -> Parameters:
        """The parameters whose newest lists hold the most different items, among those that are worse than `best` by no
        more than the standard error of the difference (the rule of Breiman et al., 1984)."""
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
        """How many different items are in the lists of the newest split."""
        return len(np.unique(self.newest_top(parameters)))

    def newest_top(self, parameters: Parameters) -> Tops:
        """The best items of each person on the newest split, best first, (people, DEPTH)."""
        return self._top(parameters, 0)

    def _top(self, parameters: Parameters, number: int) -> Tops:
        parts, histories = self._parts[number], self._splits[number].histories
        return np.concatenate(
            [
                top_of(parts.scores(parameters, some), [histories[place].items for place in parts.people[some]])
                for some in parts.batches()
            ]
        )


def people_asked(split: Split, items: int) -> list[int]:
    """Positions of people who have both a history and held-out items; fewer for a larger catalogue."""
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
    """Coordinate ascent: go over the parameters, taking each better value that is allowed, until a pass finds none.

    A value is better if its mean gain exceeds the standard error of the gain: among many values, choosing one for a
    smaller gain would be chance (the one-standard-error rule of Breiman et al., Classification and Regression Trees,
    1984).
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
