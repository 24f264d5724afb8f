"""The meaning of a query: the vector of its text, of its picture or of both, or one given by the caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.conf import settings

from catalog.embedding.base import EncoderError
from catalog.embedding.query_vectors import query_vector
from catalog.errors import InvalidQuery
from catalog.models import IndexVersion
from catalog.search.queries import SearchQuery

Vector = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    vector: list[float] | None = None
    """Of length 1; None if meaning is not requested or not available."""
    is_encoded: bool = False
    """Whether there is a vector and this site computed it."""
    missing: str = ""
    """Why there is no vector although meaning was requested."""


def read_meaning(query: SearchQuery, texts: Sequence[str], version: IndexVersion | None) -> Meaning:
    """What a query means in a version. `texts` are the query as typed and as corrected. Raises InvalidQuery."""
    if not _asks_for_meaning(query):
        return Meaning()
    if version is None:
        return Meaning(missing="The index is still being built.")
    try:
        vector = _vector(query, texts, version)
    except EncoderError as error:
        return Meaning(missing=str(error))
    return Meaning(vector=vector.tolist(), is_encoded=query.vector is None)


def _asks_for_meaning(query: SearchQuery) -> bool:
    """A given vector, or a picture without text, is searched by meaning whatever the semantic ratio."""
    if query.vector is not None or query.semantic_ratio > 0:
        return True
    return query.picture is not None and not query.text.strip()


def _vector(query: SearchQuery, texts: Sequence[str], version: IndexVersion) -> Vector:
    """Raises InvalidQuery, and EncoderError if a text has to be encoded."""
    if query.vector is not None:
        return _given(query.vector, version, field="vector")
    if query.picture is None:
        return _vector_of(texts, version)
    picture = _given(query.picture, version, field="image")
    if not query.text.strip():
        return picture
    return _normalised((1 - query.picture_weight) * _vector_of(texts, version) + query.picture_weight * picture)


def _vector_of(texts: Sequence[str], version: IndexVersion) -> Vector:
    """The mean of the vectors of the text as typed and as corrected, since the correction may be wrong."""
    vectors = [
        query_vector(
            version.encoder_spec, text, shared_as=version.name_of_vectors, wait_s=settings.QUERY_ENCODER_WAIT_S
        )
        for text in texts
    ]
    return vectors[0] if len(vectors) == 1 else _normalised(np.mean(vectors, axis=0, dtype=np.float64))


def _given(numbers: Sequence[float], version: IndexVersion, *, field: str) -> Vector:
    """A vector that does not come from a text, scaled to length 1. Raises InvalidQuery."""
    vector = np.array(numbers, dtype=np.float64)
    if len(vector) != version.dimensions or not np.isfinite(vector).all() or not vector.any():
        message = f"A vector must have {version.dimensions} finite numbers, not all of them 0."
        raise InvalidQuery(message, field=field, code="invalid_vector")
    return _normalised(vector)


def _normalised(vector: Vector) -> Vector:
    """The vector scaled to length 1: half-precision floats hold no large numbers and lose small ones."""
    scaled = vector / np.abs(vector).max()
    return scaled / np.linalg.norm(scaled)
