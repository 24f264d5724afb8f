"""Vectors of items: the mean of an item's passages, and the mean of them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from catalog.models import IndexVersion
from recommender.models import VectorCentre

Vector = npt.NDArray[np.float32]

#: Passages a centre is the mean of at most; the mean of so many differs from that of all by less than a hundredth.
CENTRE_PASSAGES = 20_000


def item_vectors(version: IndexVersion, item_ids: Iterable[int]) -> dict[int, Vector]:
    """The normalised mean of each item's passages, float32 of shape (dimensions,); items without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT item_id, vector_send(l2_normalize(avg(embedding::vector))) FROM catalog_passage
            WHERE version_id = %s AND item_id = ANY(%s) GROUP BY item_id
            """,
            [version.pk, list(item_ids)],
        )
        return {item_id: _from_wire(sent) for item_id, sent in cursor.fetchall()}


def centre_of(version: IndexVersion) -> Vector:
    """The mean of a version's passages as last measured, shape (dimensions,); zeros while there are none."""
    centre = VectorCentre.objects.filter(pk=version.pk).first() or renew_centre(version)
    return np.zeros(version.dimensions, np.float32) if centre is None else np.array(centre.vector.to_list(), np.float32)


def renew_centre(version: IndexVersion) -> VectorCentre | None:
    """Measure a version's centre if it has none or the passages have doubled since; None where it stands as it is."""
    known = VectorCentre.objects.filter(pk=version.pk).first()
    if known is not None and not _has_passages(version, 2 * known.passages):
        return None
    mean, passages = _sampled_mean(version)
    if not passages:
        return None
    centre, _ = VectorCentre.objects.update_or_create(pk=version.pk, defaults={"vector": mean, "passages": passages})
    centre.refresh_from_db()
    return centre


def _sampled_mean(version: IndexVersion) -> tuple[str | None, int]:
    """The mean, as text, of at most about CENTRE_PASSAGES passages in blocks taken at random, and their number.

    Reads no more than these, whatever the size of the table.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [f"catalog_passage_v{version.pk}"])
        estimate = (cursor.fetchone() or [0])[0]
        percent = 100 * min(1, CENTRE_PASSAGES / max(estimate, 1))
        cursor.execute(
            """
            SELECT avg(embedding::vector)::text, count(*) FROM (
                SELECT embedding FROM catalog_passage TABLESAMPLE SYSTEM (%s) REPEATABLE (0)
                WHERE version_id = %s LIMIT %s
            ) AS sampled
            """,
            [percent, version.pk, 2 * CENTRE_PASSAGES],
        )
        return cursor.fetchone()


def _has_passages(version: IndexVersion, wanted: int) -> bool:
    if wanted > CENTRE_PASSAGES:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM catalog_passage WHERE version_id = %s LIMIT %s) AS some",
            [version.pk, wanted],
        )
        return bool(cursor.fetchone()[0] >= wanted)


def _from_wire(sent: Any) -> Vector:
    """Read pgvector's binary form: two 16-bit numbers, then big-endian floats."""
    return np.frombuffer(bytes(sent), dtype=">f4", offset=4).astype(np.float32)
