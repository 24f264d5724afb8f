"""Vectors of items: the mean of an item's passages, and the mean of all passages.

Pictures are left out: they lie apart from texts, and would separate the items with a picture from those without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection

from catalog.database.wire import binary, vector_of
from catalog.index.sizes import passages_about, passages_estimated
from catalog.models import PICTURE_ORDINAL, IndexVersion
from recommender.interests import Vector
from recommender.models import VectorCentre

#: The most passages that a centre averages; the mean of this many differs from that of all by less than a hundredth.
CENTRE_PASSAGES = 20_000
#: The spread is measured over all pairs of this many of them.
SPREAD_PASSAGES = 500
LEAST_SPREAD = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The mean of an index's passages, shape (dimensions,), and how much the cosine of two of them varies by chance
    once the mean is subtracted."""

    vector: Vector
    spread: float


def item_vectors(version: IndexVersion, item_ids: Iterable[int]) -> dict[int, Vector]:
    """The normalised mean of each item's passages, float32 of shape (dimensions,); items without any are left out."""
    with connection.cursor() as cursor:
        binary(cursor).execute(
            """
            SELECT item_id, vector_send(l2_normalize(avg(embedding::vector))) FROM catalog_passage
            WHERE version_id = %s AND item_id = ANY(%s) AND ordinal <> %s GROUP BY item_id
            """,
            [version.pk, list(item_ids), PICTURE_ORDINAL],
        )
        return {item_id: vector_of(sent) for item_id, sent in cursor.fetchall()}


def centred(vectors: Mapping[int, Vector], centre: Centre) -> dict[int, Vector]:
    """The vectors minus the centre."""
    return {item_id: vector - centre.vector for item_id, vector in vectors.items()}


def centre_of(version: IndexVersion) -> Centre | None:
    """A version's centre as last measured; None while it has no passages."""
    stored = VectorCentre.objects.of(version) or renew_centre(version)
    if stored is None:
        return None
    return Centre(vector=np.array(stored.vector, np.float32), spread=stored.spread)


def renew_centre(version: IndexVersion) -> VectorCentre | None:
    """Measure a version's centre if it has none or its passages have doubled since; None if it is still good."""
    known = VectorCentre.objects.of(version)
    passages = passages_about(version)
    if known is not None and passages < 2 * known.passages:
        return None
    sample = _sample(version)
    if not len(sample):
        return None
    mean = sample.mean(axis=0)
    VectorCentre.objects.update_or_create(
        pk=version.pk, defaults={"vector": mean.tolist(), "spread": _spread(sample - mean), "passages": passages}
    )
    return VectorCentre.objects.of(version)


def _spread(sample: npt.NDArray[np.float32]) -> float:
    """The standard deviation of the cosine between two rows, centred; 1 if there are too few rows."""
    rows = sample[:SPREAD_PASSAGES]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
    others = ~np.eye(len(rows), dtype=bool)
    return max(float((rows @ rows.T)[others].std()), LEAST_SPREAD) if len(rows) > 2 else 1.0


def _sample(version: IndexVersion) -> npt.NDArray[np.float32]:
    """Up to about CENTRE_PASSAGES passages from randomly chosen blocks, of shape (n, dimensions).

    Reads no more than these, however large the table is.
    """
    with connection.cursor() as cursor:
        percent = 100 * min(1, CENTRE_PASSAGES / max(passages_estimated(version), 1))
        binary(cursor).execute(
            """
            SELECT vector_send(embedding::vector) FROM catalog_passage TABLESAMPLE SYSTEM (%s) REPEATABLE (0)
            WHERE version_id = %s AND ordinal <> %s LIMIT %s
            """,
            [percent, version.pk, PICTURE_ORDINAL, CENTRE_PASSAGES],
        )
        rows = [vector_of(sent) for (sent,) in cursor.fetchall()]
    return np.stack(rows) if rows else np.zeros((0, version.dimensions), np.float32)
