"""What each word adds to a text's vector, fitted to the teacher's vectors of texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from catalog.embedding.base import FloatArray

ROUNDS = 2
STEPS = 12


def fit(
    bags: Any, wanted: FloatArray, start: FloatArray, *, ridge: float, on_step: Callable[[], None] = lambda: None
) -> FloatArray:
    """Move the word vectors, of shape (words, dimensions), so that texts come close to their targets.

    `bags` is a sparse matrix, texts by words, and `wanted` the teacher's vectors, of length 1. Minimises

        sum over texts |sum of their words / its length - wanted|^2  +  ridge * sum over words |word - start|^2

    by conjugate gradients, and again after the texts' lengths have changed. A word that occurs in few texts therefore
    stays near its start, and its weight is found along with its direction.
    """
    from scipy.sparse import diags_array

    words = start
    for _ in range(ROUNDS):
        lengths = np.linalg.norm(bags @ words, axis=1)
        scaled = diags_array((1 / np.maximum(lengths, 1e-6)).astype(np.float32)) @ bags
        # The ridge is relative to the initial word vectors, at the scale they have now.
        words = words + _conjugate_gradients(
            scaled.tocsr(), wanted - scaled @ words, ridge=ridge, pull=ridge * (start - words), on_step=on_step
        )
    return words


def _conjugate_gradients(
    bags: Any, residual: FloatArray, *, ridge: float, pull: FloatArray, on_step: Callable[[], None]
) -> FloatArray:
    """The change X that solves (B'B + ridge) X = B' residual + pull, all columns at once."""
    across = bags.T.tocsr()
    solution = np.zeros((bags.shape[1], residual.shape[1]), dtype=np.float32)
    rest = across @ residual + pull
    direction = rest.copy()
    size = (rest * rest).sum(axis=0)
    for _ in range(STEPS):
        image = across @ (bags @ direction) + ridge * direction
        step = size / np.maximum((direction * image).sum(axis=0), 1e-12)
        solution += step * direction
        rest -= step * image
        new_size = (rest * rest).sum(axis=0)
        direction = rest + (new_size / np.maximum(size, 1e-12)) * direction
        size = new_size
        on_step()
    return solution
