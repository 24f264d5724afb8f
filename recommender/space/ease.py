"""Collaborative factors: EASE, the linear autoencoder of Steck (2019, https://arxiv.org/abs/1905.03375), truncated to
its largest singular directions.

With X of shape (people, items), EASE is B = I - P diag(1 / diag(P)) with P = (X'X + ridge I)^-1: B[i, j] is how much
item i speaks for item j, and its diagonal is 0. Scores are X B. The truncated singular value decomposition B = U S V'
gives item i the source (U sqrt(S))[i] and item j the target (V sqrt(S))[j], so a score is an inner product.

The cost of EASE grows with the cube of the number of people or items, whichever is smaller. In a larger catalogue it
learns only the items that most people met; the others are fitted to these by regressions whose cost grows with the
number of interactions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

# Imported only where used, which saves 20 MB in web processes: they train nothing.
if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
FLAT = 1e-12

#: How many items EASE learns at most. Memory grows with the square: one array of 8 * 6,000^2 bytes, 0.3 GB, when solved
#: by items, and two when solved by people, if these are fewer.
MOST_ITEMS = 6_000
COLUMNS_AT_ONCE = 500
#: Steps of the block Krylov iteration, each of k / 2 directions. With 6,000 items, whose singular values fall slowly,
#: scores from 128 directions are accurate to within a thousandth.
STEPS = 11
#: Shrinks the means of items that few people met towards 0, as if this many more, with zero vectors, had met each.
OTHERS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """The score of item j for a history is the inner product of the history's weighted sum of sources with target j.
    Both are zeros for items that nobody met."""

    sources: npt.NDArray[np.floating[Any]]
    """(items, k)."""
    targets: npt.NDArray[np.floating[Any]]
    """(items, k)."""

    def in_single_precision(self) -> Factors:
        """The same factors as float32."""
        return Factors(sources=self.sources.astype(np.float32), targets=self.targets.astype(np.float32))


def truncated_ease(interactions: csr_matrix, *, ridge: float, factors: int, most_items: int = MOST_ITEMS) -> Factors:
    """Factors of a matrix (people, items) of strengths. EASE learns the `most_items` items that most people met; the
    others are fitted to these."""
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
    """The left directions (n, k), the k largest singular values (k,), descending, and the right directions (n, k).

    By randomised block Krylov iteration (Musco & Musco, 2015, https://arxiv.org/abs/1504.05477), which multiplies with
    blocks of vectors and so runs at the speed of matrix products. It starts from a fixed seed. Exact if n is small.
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
    """Orthonormalise vectors and make them orthogonal to a basis, with two passes of Gram-Schmidt."""
    for _ in range(2):
        vectors, _ = np.linalg.qr(vectors - basis @ (basis.T @ vectors))
    return vectors


def _fit_others(interactions: csr_matrix, kept: Integers, others: Integers, sources: Floats, targets: Floats) -> None:
    """Fill in the rows of items that EASE did not learn, from the vectors (people, k) of the people who met them.

    A source is the mean vector of those people, mapped by the regression from such means to sources that is fitted on
    the items EASE learnt. A target is the ridge regression of the item's column on the people's vectors: half a step of
    alternating least squares (Hu, Koren & Volinsky, 2008).
    """
    people = interactions[:, kept] @ sources[kept]
    strengths = np.asarray(interactions.sum(axis=0)).reshape(-1, 1)
    means = (interactions.T @ people) / (strengths + OTHERS)
    sources[others] = means[others] @ _ridge(means[kept], sources[kept])
    targets[others] = _ridge(people, interactions[:, others]).T


def _ridge(given: Floats, wanted: Any) -> Floats:
    """Ridge regression of `wanted` (n, m) on `given` (n, k): (k, m). The ridge is the mean of the Gram diagonal."""
    gram = given.T @ given
    gram[np.diag_indices_from(gram)] += max(float(np.trace(gram)) / len(gram), FLAT)
    return np.asarray(np.linalg.solve(gram, np.asarray((wanted.T @ given).T)))


def ease_scores(interactions: csr_matrix, *, ridge: float) -> Floats:
    """The scores of EASE without truncation: X B, (people, items)."""
    people, items = interactions.shape
    solve = _by_people if people < items else _by_items
    return np.asarray(solve(interactions, ridge).rmatmat(interactions.T.toarray()).T)


def _by_people(interactions: csr_matrix, ridge: float) -> LinearOperator:
    """B by Woodbury's identity, P = (I - Z'Z) / ridge with Z of shape (people, items)."""
    from scipy.linalg import cholesky, solve_triangular

    rows = interactions.toarray()
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += ridge
    z = solve_triangular(cholesky(gram, lower=True), rows, lower=True)
    return _operator(lambda x: x - z.T @ (z @ x), 1 - np.square(z).sum(axis=0))


def _by_items(interactions: csr_matrix, ridge: float) -> LinearOperator:
    """B by inverting X'X + ridge I in place in one array (items, items), of which only the lower triangle is used."""
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
    """B, given the product with P (or a multiple of it) and its diagonal (n,)."""
    from scipy.sparse.linalg import LinearOperator

    def forward(x: Floats) -> Floats:
        return x - inverse((x.T / diagonal).T)

    def backward(x: Floats) -> Floats:
        return x - (inverse(x).T / diagonal).T

    n = len(diagonal)
    return LinearOperator((n, n), matvec=forward, rmatvec=backward, matmat=forward, rmatmat=backward, dtype=np.float64)
