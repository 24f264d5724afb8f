"""How far an index version is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from catalog.models import EmbeddingState, IndexVersion

RATE_WINDOW_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexProgress:
    """Counts of a version's ledger, and the speed of the last minute."""

    total: int
    done: int
    pending: int
    leased: int
    failed: int
    items_per_s: float

    @property
    def unfinished(self) -> int:
        return self.pending + self.leased

    @property
    def coverage(self) -> float:
        """Share of the items that have their vectors, 0 to 1; an empty catalogue is covered."""
        return self.done / self.total if self.total else 1.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left at the present speed; None when nothing is left or nothing moves."""
        return self.unfinished / self.items_per_s if self.unfinished and self.items_per_s else None


def index_progress(version: IndexVersion) -> IndexProgress:
    counts = EmbeddingState.objects.of(version).counts()
    return IndexProgress(total=sum(counts.values()), items_per_s=_items_per_s(version), **counts)


def _items_per_s(version: IndexVersion) -> float:
    """Items written in the last minute over the time since the first of them began, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT sum(items) / greatest(extract(epoch FROM
                clock_timestamp() - min(finished_at - make_interval(secs => duration_s))), 1)
            FROM catalog_embeddingbatch
            WHERE version_id = %s AND finished_at > clock_timestamp() - make_interval(secs => %s)
            """,
            [version.pk, RATE_WINDOW_S],
        )
        return float(cursor.fetchone()[0] or 0.0)
