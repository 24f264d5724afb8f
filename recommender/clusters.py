"""Clusters of similar items: Ward's method and medoids, arithmetic only.

As in PinnerSage (Pal et al., 2020): the items that somebody liked are clustered with Ward's method (1963), using the
recurrence of Lance and Williams (1967), and each cluster is represented by one of its items, its medoid.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: The cost of joining two unit vectors at right angles. Joining groups of such vectors costs about as much, whatever
#: their size, and groups in different directions cost more: below this cost, what is alike is joined.
UNLIKE = 1.0


def ward(vectors: Floats, *, most: int, dearest: float = UNLIKE) -> list[list[int]]:
    """Cluster the rows of an array of shape (n, dimensions), normalised, into at most `most` groups of positions.

    The two groups that are cheapest to join are joined, until the next join would cost `dearest` or more. Joining A and
    B costs |A||B| / (|A| + |B|) times the squared distance of their means; for two rows that is 1 - cosine. Takes time
    cubic in n, a few milliseconds for a hundred.
    """
    groups = [[position] for position in range(len(vectors))]
    costs = 1 - np.asarray(vectors, np.float64) @ np.asarray(vectors, np.float64).T
    sizes = np.ones(len(vectors))
    np.fill_diagonal(costs, np.inf)
    left = len(groups)
    while left > 1:
        first, second = sorted(divmod(int(costs.argmin()), len(groups)))
        cost = costs[first, second]
        if cost >= dearest and left <= most:
            break
        joined = ((sizes + sizes[first]) * costs[first] + (sizes + sizes[second]) * costs[second] - sizes * cost) / (
            sizes + sizes[first] + sizes[second]
        )
        joined[np.isinf(costs[first]) | np.isinf(costs[second])] = np.inf
        costs[first], costs[:, first] = joined, joined
        costs[second], costs[:, second] = np.inf, np.inf
        sizes[first] += sizes[second]
        groups[first] += groups[second]
        groups[second] = []
        left -= 1
    return [sorted(group) for group in groups if group]


def medoid(vectors: Floats, weights: Floats) -> int:
    """The position of the row with the least weighted sum of squared distances to all rows; the first if several tie.

    `vectors` is (n, dimensions), normalised, and `weights` (n,), none negative.
    """
    return int(np.argmax(np.round(vectors @ (weights @ vectors), 9)))
