"""How close a passage or a picture is to a query, on one scale.

The two towers of a text and image encoder leave a gap: the cosine of two texts is far above that of a text and its own
picture (Liang et al., 2022, https://arxiv.org/abs/2203.02053). What matters is how far a cosine is above chance. So in
a version with pictures, each query is compared with one sample of the version's texts and one of its pictures, and its
cosines with each kind are expressed as standard deviations above that sample's mean: the test normalisation of
Auckenthaler, Carey and Lloyd-Thomas, 2000, https://doi.org/10.1006/dspr.1999.0360. This holds for queries by words,
picture, both, or any vector. In a text-only version, closeness is the cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from catalog.index.graphs import distance_sql
from catalog.models import PICTURE_ORDINAL, IndexVersion, VectorSample

#: The cut-off of a version with pictures, and how many standard deviations above chance it lies.
CLOSE, CLOSE_DEVIATIONS = 0.25, 2.0
#: Floor for the deviation: vectors that are nearly identical say nothing about the spread.
LEAST_DEVIATION = 0.01

Vectors = npt.NDArray[np.float32]


class Line(NamedTuple):
    """Closeness as a linear function of a cosine."""

    slope: float
    offset: float


_AS_IT_IS = Line(1.0, 0.0)
_samples: dict[int, tuple[int, Vectors, Vectors]] = {}


def closeness_sql(version: IndexVersion) -> str:
    """The closeness of a row of `passage`, using the vector and the parameters of `closeness_parameters`."""
    cosine = f"1 - ({distance_sql(version)})"
    if not version.reads_pictures:
        return cosine
    slope, offset = (_by_kind(f"%(text_{part})s", f"%(picture_{part})s") for part in ("slope", "offset"))
    return f"({cosine}) * {slope} + {offset}"


def closeness_parameters(version: IndexVersion, vector: Sequence[float]) -> dict[str, float]:
    """How a query's cosines with texts and with pictures are scaled.

    One database query, two if the sample has changed.
    """
    if not version.reads_pictures:
        return {}
    text, picture = _lines(version, vector)
    return {
        "text_slope": text.slope,
        "text_offset": text.offset,
        "picture_slope": picture.slope,
        "picture_offset": picture.offset,
    }


def _by_kind(text: str, picture: str) -> str:
    return f"CASE WHEN passage.ordinal = {PICTURE_ORDINAL} THEN {picture}::float8 ELSE {text}::float8 END"


def _lines(version: IndexVersion, vector: Sequence[float]) -> tuple[Line, Line]:
    """For texts and for pictures; cosines are left unchanged until both have a sample."""
    texts, pictures = _sample(version)
    if len(texts) < 2 or len(pictures) < 2:
        return _AS_IT_IS, _AS_IT_IS
    query = np.asarray(vector, np.float32) / np.linalg.norm(vector)
    return _line(texts @ query), _line(pictures @ query)


def _line(chance: npt.NDArray[np.float32]) -> Line:
    """From the cosines between a query and the vectors of a sample."""
    slope = CLOSE / (CLOSE_DEVIATIONS * max(float(chance.std()), LEAST_DEVIATION))
    return Line(slope, -float(chance.mean()) * slope)


def _sample(version: IndexVersion) -> tuple[Vectors, Vectors]:
    """The version's current sample, read again only after it has been redrawn."""
    measured_at = VectorSample.objects.passages_of(version)
    known = _samples.get(version.pk)
    if known is None or known[0] != measured_at:
        known = _samples[version.pk] = (measured_at, *VectorSample.objects.vectors_of(version))
    return known[1], known[2]
