"""The lists of the untrained score on a split: the baseline that a trained space must beat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.models import IndexVersion
from recommender.interests import HALF_LIFE_ITEMS, interest_of
from recommender.scoring import score_candidates
from recommender.space.histories import History, Split, interactions
from recommender.space.measures import DEPTH, Tops, top_of
from recommender.space.strengths import FULL_WEIGHT, decayed
from recommender.space.tuning import people_asked
from recommender.vectors import Centre, centre_of

Floats = npt.NDArray[np.float64]
#: Only this many of a history's newest items count.
MOST_ITEMS = 500


def untrained_top(
    version: IndexVersion, split: Split, *, item_ids: npt.NDArray[np.int64], texts: npt.NDArray[np.float32]
) -> Tops:
    """Each person's best items in the whole catalogue by the score that serves without a model, best first:
    (people, DEPTH).

    `texts` is (items, dimensions), parallel to `item_ids`. Popularity is the sum of strengths in the split's histories,
    so nothing held out counts.
    """
    centre = centre_of(version)
    people = people_asked(split, len(item_ids))
    if centre is None or not people:
        return np.zeros((len(people), min(DEPTH, len(item_ids))), np.int64)
    vectors = texts.astype(np.float64) - centre.vector
    met = interactions(split.histories, len(item_ids))
    popularity = FULL_WEIGHT * np.asarray(met.sum(axis=0)).ravel()
    found = []
    for place in people:
        history = split.histories[place]
        scores = _totals(history, vectors, popularity, centre)
        found.append(top_of(scores[None], [history.items])[0])
    return np.array(found)


def _totals(history: History, vectors: Floats, popularity: Floats, centre: Centre) -> npt.NDArray[np.float32]:
    items, strengths = history.newest_first(MOST_ITEMS)
    weights = dict(zip(items.tolist(), decayed(strengths * FULL_WEIGHT, HALF_LIFE_ITEMS).tolist(), strict=True))
    own = {item: vectors[item].astype(np.float32) for item in weights}
    interest = interest_of(weights, own)
    scores = score_candidates(vectors, popularity, interest=interest, source_vectors=own, spread=centre.spread)
    return scores.totals.astype(np.float32)
