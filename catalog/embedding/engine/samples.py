"""Texts of many lengths, on which a runtime is checked and timed."""

from __future__ import annotations

import numpy as np

from catalog.embedding.base import FloatArray

_SENTENCES = (
    "A lonely robot learns to love.",
    "In the fog, a hedgehog loses his way; the night falls on the harbour!",
    "Storm at sea",
    "Two brothers return to the village they left before the war, and find that nobody there remembers them.",
    "Ein Zug fährt durch den Winter — 雪の夜.",
    "The measured pressure drop across the nozzle was 3.7 kPa, about 12% above what the linear theory predicts.",
    "Which films are like the one about the lighthouse keeper?",
    "1984",
)
SAMPLE_QUERIES = (*_SENTENCES[:3], *_SENTENCES[4:5], *_SENTENCES[6:], "films about trains in winter", "quiet horror")
SAMPLE_TEXTS = (*SAMPLE_QUERIES, *(" ".join(_SENTENCES[: count + 1]) for count in range(len(_SENTENCES))))
#: About as long as passages.
SAMPLE_PASSAGES = tuple(" ".join((*_SENTENCES[place % 8 :], *_SENTENCES[: place % 8])[:5]) for place in range(64))


def least_cosine(expected: FloatArray, got: FloatArray) -> float:
    """The cosine of the two rows that differ most; below any limit if a value is not finite."""
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(got, axis=1)
    cosines = (expected * got).sum(axis=1) / np.maximum(lengths, 1e-12)
    return float(np.nan_to_num(cosines, nan=-1.0).min())
