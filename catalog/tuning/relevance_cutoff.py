"""The relevance cut-off of an index version: the cosine from which a passage counts as close to a query.

It differs between encoders, so it is measured on the version's own vectors and stored with the version.
"""

from __future__ import annotations

import logging

import numpy as np

from catalog.database.statements import patient_cursor
from catalog.database.wire import HALVES, binary, halves_of
from catalog.embedding.base import Encoder, EncodingFailed, FloatArray
from catalog.index.sizes import passages_counted, passages_estimated
from catalog.models import EmbeddingState, IndexVersion
from catalog.search.closeness import CLOSE
from catalog.search.dense import DEFAULT_CUTOFF

logger = logging.getLogger(__name__)
SAMPLE = 200
#: The cut-off is measured again once the passages have grown by this factor.
GROWTH = 2
#: With fewer items there are too few pairs to estimate chance.
FEWEST_ITEMS = 50
DEVIATIONS_ABOVE_CHANCE = 2.0
HIGHEST_CUTOFF = 0.5
QUERY_CHARACTERS = 200


def awaits_cutoff(version: IndexVersion) -> bool:
    """Whether a version's cut-off is to be measured: enough items, all embedded, and twice as many passages as last
    time, since the first items of a catalogue may be all of one kind."""
    if version.relevance_cutoff is not None and passages_estimated(version) < GROWTH * (version.cutoff_passages or 0):
        return False
    states = EmbeddingState.objects.of(version)
    return not states.unfinished().exists() and states.done()[:FEWEST_ITEMS].count() == FEWEST_ITEMS


def measure_cutoff(version: IndexVersion, encoder: Encoder) -> None:
    """Measure and store the cosine from which a passage counts as close to a query.

    It is the mean cosine of queries with passages of items they are not about, plus two standard deviations, at most
    .5. Titles serve as queries: two passages have more in common by chance than a passage and a query. In a version
    with pictures, closeness is calibrated against chance for each query, and the cut-off is constant.
    """
    version.cutoff_passages = passages_counted(version)
    version.relevance_cutoff = CLOSE if version.reads_pictures else _measured(version, encoder)
    version.save(update_fields=["relevance_cutoff", "cutoff_passages"])


def _measured(version: IndexVersion, encoder: Encoder) -> float:
    titles, passages = _titles_and_passages(version)
    try:
        queries = encoder.encode_queries(titles)
    except EncodingFailed as error:
        known = version.relevance_cutoff
        logger.warning("%s keeps the %s cut-off: %s", version, "default" if known is None else "last", error)
        return DEFAULT_CUTOFF if known is None else known
    return chance_cutoff(queries, passages)


def chance_cutoff(queries: FloatArray, passages: FloatArray) -> float:
    """The cut-off from normalised vectors of shape (n, dimensions), where row i of both belongs to one item."""
    if len(queries) < 2:
        return DEFAULT_CUTOFF
    chance = (queries @ passages.T)[~np.eye(len(queries), dtype=bool)]
    return float(np.clip(chance.mean() + DEVIATIONS_ABOVE_CHANCE * chance.std(), 0.0, HIGHEST_CUTOFF))


def _titles_and_passages(version: IndexVersion) -> tuple[list[str], FloatArray]:
    """The titles of SAMPLE items spread over the catalogue, and the vectors of their first passages."""
    with patient_cursor() as cursor:
        binary(cursor).execute(
            f"""
            SELECT coalesce(array_agg(title), '{{}}'), {HALVES.format(column="embedding")} FROM (
                SELECT left(item.title, %s) AS title, passage.embedding FROM catalog_passage AS passage
                JOIN catalog_item AS item ON item.id = passage.item_id
                WHERE passage.version_id = %s AND passage.ordinal = 0 ORDER BY hashint8(passage.item_id) LIMIT %s
            ) AS sampled
            """,  # noqa: S608
            [QUERY_CHARACTERS, version.pk, SAMPLE],
        )
        titles, vectors = cursor.fetchone()
    return titles, halves_of(vectors, rows=len(titles))
