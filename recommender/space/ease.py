"""Collaborative factors: EASE, the linear autoencoder of Steck (2019), cut to its largest singular directions.

EASE learns how much each item of a history speaks for each other item: B = I - P diag(1 / P), P = (X'X + ridge I)^-1,
with zeros on the diagonal. B = U S V' cut to k directions gives each item two vectors, one for what it says of a
person who met it and one for how it is found, so a score is an inner product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, lapack, solve_triangular
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator, svds

Floats = npt.NDArray[np.float64]

#: The cost grows with the cube of the smaller of people and items, and the memory with its square: about
#: 16 * 6,000^2 bytes, half a gigabyte. Of a larger catalogue the items with most interactions are taken.
MOST_ITEMS = 6_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """`sources` and `targets` are both (items, k): the score of item j for a history is the inner product of the
    history's weighted sum of sources with target j. Items that nobody met have zeros in both."""

    sources: Floats
    targets: Floats


def truncated_ease(interactions: csr_matrix, *, ridge: float, factors: int) -> Factors:
    """Factors of a matrix of people by items, whose cells say how much each person is for each item."""
    people, items = interactions.shape
    sources, targets = np.zeros((items, factors)), np.zeros((items, factors))
    met = np.asarray((interactions != 0).sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-met, kind="stable")[: min(MOST_ITEMS, int((met > 0).sum()))])
    k = min(factors, len(kept) - 1)
    if k < 1:
        return Factors(sources=sources, targets=targets)
    solve = _by_people if people < len(kept) else _by_items
    left, values, right = svds(solve(interactions[:, kept], ridge), k=k, v0=np.ones(len(kept)))
    order = np.argsort(-values)
    scale = np.sqrt(values[order])
    sources[kept, :k] = left[:, order] * scale
    targets[kept, :k] = right[order].T * scale
    return Factors(sources=sources, targets=targets)


def ease_scores(interactions: csr_matrix, *, ridge: float) -> Floats:
    """The scores of all of EASE, uncut: X B, of shape (people, items)."""
    people, items = interactions.shape
    solve = _by_people if people < items else _by_items
    return np.asarray(solve(interactions, ridge).rmatmat(interactions.T.toarray()).T)


def _by_people(interactions: csr_matrix, ridge: float) -> LinearOperator:
    """By Woodbury's identity P = (I - Z'Z) / ridge, where Z has a row for each person."""
    rows = interactions.toarray()
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += ridge
    z = solve_triangular(cholesky(gram, lower=True), rows, lower=True)
    return _operator(lambda x: x - z.T @ (z @ x), 1 - np.square(z).sum(axis=0))


def _by_items(interactions: csr_matrix, ridge: float) -> LinearOperator:
    gram = np.asfortranarray((interactions.T @ interactions).toarray(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    triangle, _ = lapack.dpotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = lapack.dpotri(triangle, lower=1, overwrite_c=1)
    diagonal = inverse.diagonal().copy()
    inverse += np.tril(inverse, -1).T
    return _operator(lambda x: inverse @ x, diagonal)


def _operator(inverse: Callable[[Floats], Floats], diagonal: Floats) -> LinearOperator:
    """B, by what multiplies with (a multiple of) P and by that one's diagonal."""

    def forward(x: Floats) -> Floats:
        return x - inverse((x.T / diagonal).T)

    def backward(x: Floats) -> Floats:
        return x - (inverse(x).T / diagonal).T

    n = len(diagonal)
    return LinearOperator((n, n), matvec=forward, rmatvec=backward, matmat=forward, rmatmat=backward, dtype=np.float64)
