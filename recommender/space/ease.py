"""Collaborative factors: EASE, the linear autoencoder of Steck (2019), cut to its largest singular directions.

EASE learns how much each item of a history speaks for each other item: B = I - P diag(1 / P), P = (X'X + ridge I)^-1,
with zeros on the diagonal. B = U S V' cut to k directions gives each item two vectors, one for what it says of a
person who met it and one for how it is found, so a score is an inner product.

EASE's cost grows with the cube of the smaller of people and items. Of a larger catalogue it learns the items that most
people met, and the others are fitted to what it learnt, by regressions whose cost grows with the interactions alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

# Imported where it is used: web processes, which train nothing, spare 20 MB.
if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
FLAT = 1e-12

#: Items that EASE learns at most. The memory grows with their square: an array of 8 * 6,000^2 bytes, .3 GB, by items;
#: two of them by people, where these are fewer.
MOST_ITEMS = 6_000
COLUMNS_AT_ONCE = 500
#: Steps of the Krylov iteration, of half as many directions each as are wanted: where values fall off slowly, as those
#: of 6,000 items do, scores by 128 directions are right to within a thousandth.
STEPS = 11
#: What few people met is drawn to the usual: as if so many others had met it who are like nobody.
OTHERS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """`sources` and `targets` are both (items, k): the score of item j for a history is the inner product of the
    history's weighted sum of sources with target j. Items that nobody met have zeros in both."""

    sources: npt.NDArray[np.floating[Any]]
    targets: npt.NDArray[np.floating[Any]]

    def in_single_precision(self) -> Factors:
        """The same in half the memory."""
        return Factors(sources=self.sources.astype(np.float32), targets=self.targets.astype(np.float32))


def truncated_ease(interactions: csr_matrix, *, ridge: float, factors: int, most_items: int = MOST_ITEMS) -> Factors:
    """Factors of a matrix of people by items, whose cells say how much each person is for each item. EASE learns
    `most_items` of them, and the others are fitted to these."""
    people, items = interactions.shape
    sources, targets = np.zeros((items, factors)), np.zeros((items, factors))
    met = np.asarray((interactions != 0).sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-met, kind="stable")[: min(most_items, int((met > 0).sum()))])
    k = min(factors, len(kept) - 1)
    if k < 1:
        return Factors(sources=sources, targets=targets)
    solve = _by_people if people < len(kept) else _by_items
    left, values, right = _largest_directions(solve(interactions[:, kept], ridge), k)
    scale = np.sqrt(values)
    sources[kept, :k] = left * scale
    targets[kept, :k] = right * scale
    others = np.setdiff1d(np.flatnonzero(met), kept)
    if len(others):
        _fit_others(interactions, kept, others, sources, targets)
    return Factors(sources=sources, targets=targets)


def _largest_directions(square: LinearOperator, k: int) -> tuple[Floats, Floats, Floats]:
    """The k largest singular values, descending, with their left and right directions, both (n, k): by a randomised
    block Krylov iteration (Musco & Musco, 2015), which multiplies with many vectors at once and so runs at the speed of
    matrix products. Its start is drawn by a fixed seed. Of few items they are exact.
    """
    n, block = square.shape[0], -(-k // 2)
    if STEPS * block >= n:
        basis, swept = np.eye(n), square.rmatmat(np.eye(n))
    else:
        basis, swept = np.empty((n, STEPS * block)), np.empty((n, STEPS * block))
        drawn = np.random.default_rng(0).standard_normal((n, block))
        for start in range(0, STEPS * block, block):
            columns = slice(start, start + block)
            basis[:, columns] = _beside(basis[:, :start], square.matmat(drawn))
            swept[:, columns] = drawn = square.rmatmat(basis[:, columns])
    squares, turn = np.linalg.eigh(swept.T @ swept)
    turn = turn[:, ::-1][:, :k]
    values = np.sqrt(np.maximum(squares[::-1][:k], 0.0))
    return basis @ turn, values, swept @ (turn / np.maximum(values, FLAT))


def _beside(basis: Floats, vectors: Floats) -> Floats:
    """An orthonormal basis of what vectors have beside another one; where they have nothing, of anything beside it."""
    for _ in range(2):
        vectors, _ = np.linalg.qr(vectors - basis @ (basis.T @ vectors))
    return vectors


def _fit_others(interactions: csr_matrix, kept: Integers, others: Integers, sources: Floats, targets: Floats) -> None:
    """Fill in the rows of items that EASE did not learn, by the vectors of the people who met them.

    What such an item says of people is what those who met it are like: their mean, by the linear map that turns these
    means into sources for the items learnt. How it is found is the ridge regression of its column on the people's
    vectors, half a step of alternating least squares (Hu, Koren & Volinsky, 2008).
    """
    people = interactions[:, kept] @ sources[kept]
    strengths = np.asarray(interactions.sum(axis=0)).reshape(-1, 1)
    means = (interactions.T @ people) / (strengths + OTHERS)
    sources[others] = means[others] @ _ridge(means[kept], sources[kept])
    targets[others] = _ridge(people, interactions[:, others]).T


def _ridge(given: Floats, wanted: Any) -> Floats:
    """The regression of `wanted` on `given`, its ridge the mean of the directions' own weights."""
    gram = given.T @ given
    gram[np.diag_indices_from(gram)] += max(float(np.trace(gram)) / len(gram), FLAT)
    return np.asarray(np.linalg.solve(gram, np.asarray((wanted.T @ given).T)))


def ease_scores(interactions: csr_matrix, *, ridge: float) -> Floats:
    """The scores of all of EASE, uncut: X B, of shape (people, items)."""
    people, items = interactions.shape
    solve = _by_people if people < items else _by_items
    return np.asarray(solve(interactions, ridge).rmatmat(interactions.T.toarray()).T)


def _by_people(interactions: csr_matrix, ridge: float) -> LinearOperator:
    """By Woodbury's identity P = (I - Z'Z) / ridge, where Z has a row for each person."""
    from scipy.linalg import cholesky, solve_triangular

    rows = interactions.toarray()
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += ridge
    z = solve_triangular(cholesky(gram, lower=True), rows, lower=True)
    return _operator(lambda x: x - z.T @ (z @ x), 1 - np.square(z).sum(axis=0))


def _by_items(interactions: csr_matrix, ridge: float) -> LinearOperator:
    """By the inverse of X'X + ridge I, in one array of items by items: only its lower triangle is ever right."""
    from scipy.linalg import blas, lapack

    items = interactions.shape[1]
    gram = np.empty((items, items), order="F")
    for start in range(0, items, COLUMNS_AT_ONCE):
        columns = slice(start, start + COLUMNS_AT_ONCE)
        gram[:, columns] = (interactions.T @ interactions[:, columns]).toarray()
    gram[np.diag_indices_from(gram)] += ridge
    triangle, _ = lapack.dpotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = lapack.dpotri(triangle, lower=1, overwrite_c=1)

    def times(x: Floats) -> Floats:
        product = blas.dsymm(1.0, inverse, np.asfortranarray(x.reshape(items, -1)), lower=1)
        return np.asarray(product).reshape(x.shape)

    return _operator(times, inverse.diagonal().copy())


def _operator(inverse: Callable[[Floats], Floats], diagonal: Floats) -> LinearOperator:
    """B, by what multiplies with (a multiple of) P and by that one's diagonal."""
    from scipy.sparse.linalg import LinearOperator

    def forward(x: Floats) -> Floats:
        return x - inverse((x.T / diagonal).T)

    def backward(x: Floats) -> Floats:
        return x - (inverse(x).T / diagonal).T

    n = len(diagonal)
    return LinearOperator((n, n), matvec=forward, rmatvec=backward, matmat=forward, rmatmat=backward, dtype=np.float64)
