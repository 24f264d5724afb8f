"""What an index version's scores mean: measured on its own vectors, kept with it."""

from __future__ import annotations

from psycopg import sql

from catalog.models import IndexVersion
from catalog.statements import patient_cursor

SAMPLE = 200
NEIGHBOURS = 10
EF_SEARCH = 100
DEVIATIONS_ABOVE_CHANCE = 3.0


def calibrate_cutoff(version: IndexVersion) -> float | None:
    """Return the cosine above which two texts are closer than chance, or None with too few passages to tell.

    It is the mean cosine of random pairs of passages plus three standard deviations, at most .5.
    """
    with patient_cursor() as cursor:
        cursor.execute(
            """
            WITH sampled AS MATERIALIZED (
                SELECT embedding, row_number() OVER (ORDER BY random()) AS place FROM (
                    SELECT embedding FROM catalog_passage WHERE version_id = %s AND ordinal = 0
                    ORDER BY hashint8(item_id) LIMIT 2000
                ) AS passages
            ), pairs AS (
                SELECT 1 - (one.embedding <=> other.embedding) AS cosine
                FROM sampled one JOIN sampled other ON other.place = one.place + 1
            )
            SELECT count(*), avg(cosine), stddev(cosine) FROM pairs
            """,
            [version.pk],
        )
        pairs, mean, deviation = cursor.fetchone()
    return min(mean + DEVIATIONS_ABOVE_CHANCE * deviation, 0.5) if pairs >= 50 else None


def measure_recall(version: IndexVersion) -> float | None:
    """Return recall@10 of the HNSW graph against an exact scan, over sampled passages; None without passages."""
    nearest = sql.SQL(
        """
        SELECT sampled.item_id, sampled.ordinal, near.item_id, near.ordinal FROM (
            SELECT item_id, ordinal, embedding FROM {partition} ORDER BY hashint8(item_id), ordinal LIMIT {sample}
        ) sampled CROSS JOIN LATERAL (
            SELECT passage.item_id, passage.ordinal FROM {partition} passage
            ORDER BY passage.embedding::halfvec({dimensions}) <=> sampled.embedding::halfvec({dimensions})
            LIMIT {neighbours}
        ) near
        """
    ).format(
        partition=sql.Identifier(f"catalog_passage_v{version.pk}"),
        sample=sql.Literal(SAMPLE),
        dimensions=sql.Literal(version.dimensions),
        neighbours=sql.Literal(NEIGHBOURS),
    )
    with patient_cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL hnsw.ef_search = {}").format(sql.Literal(EF_SEARCH)))
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(nearest)
        exact = set(cursor.fetchall())
        cursor.execute("SET LOCAL enable_indexscan = on")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(nearest)
        found = set(cursor.fetchall())
    return len(exact & found) / len(exact) if exact else None
