"""Moves a query's vector towards its best hits (Rocchio, 1971, treating the hits as relevant).

The best hits say more about what is meant than a few words can. Candidates are rescored, not searched for again: with
hundreds of candidates that finds as much, for one read of vectors by key.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from catalog.database.wire import binary
from catalog.models import IndexVersion
from catalog.search.candidates import Candidates
from catalog.search.scope import array_literal

#: How many hits the query is moved towards, and the weight of their mean relative to the query's own vector.
FEEDBACK_HITS = 3
FEEDBACK_WEIGHT = 0.3

CENTRE_SQL = """
    WITH centre AS MATERIALIZED (
        SELECT avg(passage.embedding::{type})::{type} AS vector
        FROM unnest(%(best_ids)s::bigint[], %(best_ordinals)s::int[]) AS best (item_id, ordinal)
        JOIN catalog_passage AS passage USING (item_id, ordinal) WHERE passage.version_id = %(version_id)s
    )
    SELECT place, -(passage.embedding::{type} <#> centre.vector), -(centre.vector <#> centre.vector)
    FROM centre, unnest(%(item_ids)s::bigint[], %(ordinals)s::int[]) WITH ORDINALITY AS found (item_id, ordinal, place)
    JOIN catalog_passage AS passage USING (item_id, ordinal) WHERE passage.version_id = %(version_id)s
"""


def moved_cosines(
    candidates: Candidates, version: IndexVersion, best: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Cosines of the candidates' best passages with the query moved towards those of the candidates at `best`.

    One statement. Cosines are unchanged if there is nothing to move towards, and for passages deleted in the meantime.
    """
    cosines = candidates.cosines.copy()
    if not len(best):
        return cosines
    parameters: dict[str, Any] = {
        "version_id": version.pk,
        "item_ids": array_literal(candidates.item_ids.tolist()),
        "ordinals": array_literal(candidates.ordinals.tolist()),
        "best_ids": array_literal(candidates.item_ids[best].tolist()),
        "best_ordinals": array_literal(candidates.ordinals[best].tolist()),
    }
    with connection.cursor() as cursor:
        binary(cursor).execute(CENTRE_SQL.format(type=f"halfvec({version.dimensions})"), parameters)
        rows = cursor.fetchall()
    if rows:
        places, to_centre, _ = np.array(rows).T
        places = places.astype(np.int64) - 1
        length = math.sqrt(1 + 2 * FEEDBACK_WEIGHT * float(cosines[best].mean()) + FEEDBACK_WEIGHT**2 * rows[0][2])
        cosines[places] = (cosines[places] + FEEDBACK_WEIGHT * to_centre) / length
    return cosines
