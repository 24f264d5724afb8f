"""The sample of a version's vectors that a query's cosines are compared with (`catalog.search.closeness`).

Workers draw it; searches read it.
"""

from __future__ import annotations

import numpy as np

from catalog.database.statements import patient_cursor
from catalog.database.wire import HALVES, binary, halves_of
from catalog.index.sizes import passages_about
from catalog.models import PICTURE_ORDINAL, IndexVersion, VectorSample

#: Vectors of each kind, texts and pictures.
SAMPLED = 200


def renew_sample(version: IndexVersion) -> bool:
    """Draw the sample of a version with pictures if it has none or its vectors have doubled; return whether."""
    if not version.reads_pictures:
        return False
    known = VectorSample.objects.passages_of(version)
    passages = passages_about(version)
    if not passages or passages < 2 * known:
        return False
    drawn = {"texts": _drawn(version, 0), "pictures": _drawn(version, PICTURE_ORDINAL), "passages": passages}
    VectorSample.objects.update_or_create(pk=version.pk, defaults=drawn)
    return True


def _drawn(version: IndexVersion, ordinal: int) -> bytes:
    """Vectors of items spread over the catalogue, one per item: its first passage, or its picture."""
    with patient_cursor() as cursor:
        binary(cursor).execute(
            f"""
            SELECT count(*), {HALVES.format(column="embedding")} FROM (
                SELECT embedding FROM catalog_passage WHERE version_id = %s AND ordinal = %s
                ORDER BY hashint8(item_id) LIMIT %s
            ) AS drawn
            """,  # noqa: S608
            [version.pk, ordinal, SAMPLED],
        )
        count, vectors = cursor.fetchone()
    return halves_of(vectors, rows=count).astype(np.float16).tobytes()
