"""How close a passage or a picture is to a query, on one scale.

The towers of an encoder of texts and pictures leave a gap: the cosine of two texts is far above that of a text and its
own picture (Liang et al., 2022, https://arxiv.org/abs/2203.02053). What tells is by how much a cosine is above chance.
So in a version with pictures each query is compared with a sample of the version's texts and one of its pictures, and
its cosines with either kind are taken as standard deviations above the mean of that sample: the test normalisation of
Auckenthaler, Carey and Lloyd-Thomas, 2000, https://doi.org/10.1006/dspr.1999.0360. It is the same for queries in words,
pictures, both and any vector. In a version of texts alone closeness is the cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from catalog.index.graphs import distance_sql
from catalog.models import PICTURE_ORDINAL, IndexVersion, VectorSample

#: The cut-off of a version with pictures, and where it lies above chance.
CLOSE, CLOSE_DEVIATIONS = 0.25, 2.0
#: Vectors that are nearly the same tell of no spread.
LEAST_DEVIATION = 0.01

Vectors = npt.NDArray[np.float32]


class Line(NamedTuple):
    """Closeness as a cosine times the slope, and the offset."""

    slope: float
    offset: float


_AS_IT_IS = Line(1.0, 0.0)
_samples: dict[int, tuple[int, Vectors, Vectors]] = {}


def closeness_sql(version: IndexVersion) -> str:
    """The closeness of a row of `passage`; its parameters are those of `closeness_parameters`, beside the vector."""
    cosine = f"1 - ({distance_sql(version)})"
    if not version.reads_pictures:
        return cosine
    slope, offset = (_by_kind(f"%(text_{part})s", f"%(picture_{part})s") for part in ("slope", "offset"))
    return f"({cosine}) * {slope} + {offset}"


def closeness_parameters(version: IndexVersion, vector: Sequence[float]) -> dict[str, float]:
    """What a query's cosines with texts and with pictures count. A query, or two where the sample has changed."""
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
    """For texts and for pictures; cosines as they are until there is a sample of both."""
    texts, pictures = _sample(version)
    if len(texts) < 2 or len(pictures) < 2:
        return _AS_IT_IS, _AS_IT_IS
    query = np.asarray(vector, np.float32) / np.linalg.norm(vector)
    return _line(texts @ query), _line(pictures @ query)


def _line(chance: npt.NDArray[np.float32]) -> Line:
    """From the cosines of a query with the vectors of a sample."""
    slope = CLOSE / (CLOSE_DEVIATIONS * max(float(chance.std()), LEAST_DEVIATION))
    return Line(slope, -float(chance.mean()) * slope)


def _sample(version: IndexVersion) -> tuple[Vectors, Vectors]:
    """The version's sample as it is now, read anew only where it has been drawn anew."""
    measured_at = VectorSample.objects.passages_of(version)
    known = _samples.get(version.pk)
    if known is None or known[0] != measured_at:
        known = _samples[version.pk] = (measured_at, *VectorSample.objects.vectors_of(version))
    return known[1], known[2]
