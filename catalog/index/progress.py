"""The progress of index versions, and what could not be embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from catalog.models import EmbeddingState, IndexVersion, Item

RATE_WINDOW_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexProgress:
    """Counts of a version's ledger, and the speed over the last minute."""

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
        """Share of the items that have vectors, 0 to 1; an empty catalogue counts as covered."""
        return self.done / self.total if self.total else 1.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left at the current speed; None if nothing is left or nothing moves."""
        return self.unfinished / self.items_per_s if self.unfinished and self.items_per_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An item whose text, or whose picture alone, could not be embedded, and why."""

    version_id: int
    item_id: int
    title: str
    part: Literal["text", "picture"]
    error: str
    attempts: int
    at: datetime


def index_progress(version: IndexVersion) -> IndexProgress:
    return index_progress_of([version])[version.pk]


def index_progress_of(versions: Sequence[IndexVersion]) -> dict[int, IndexProgress]:
    """The progress of each version by its id, in two queries for any number of versions."""
    counts = EmbeddingState.objects.counts_by_version(versions)
    speeds = _items_per_s(versions)
    return {
        version.pk: IndexProgress(
            total=sum(counts[version.pk].values()), items_per_s=speeds.get(version.pk, 0.0), **counts[version.pk]
        )
        for version in versions
    }


def _items_per_s(versions: Sequence[IndexVersion]) -> dict[int, float]:
    """Items written in the last minute divided by the time since the first of them began, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT version_id, (sum(items) / greatest(extract(epoch FROM
                clock_timestamp() - min(finished_at - make_interval(secs => duration_s))), 1))::float8
            FROM catalog_embeddingbatch
            WHERE version_id = ANY(%s) AND finished_at > clock_timestamp() - make_interval(secs => %s)
            GROUP BY version_id
            """,
            [[version.pk for version in versions], RATE_WINDOW_S],
        )
        return dict(cursor.fetchall())


def failures(versions: Sequence[IndexVersion], *, limit: int) -> list[Failure]:
    """The latest failures of these versions, with the titles of their items. Two queries."""
    names = ("version_id", "item_id", "state", "error", "attempts", "picture_error", "picture_attempts", "updated_at")
    rows: list[dict[str, Any]] = list(EmbeddingState.objects.failed_in(versions).values(*names)[:limit])
    titles = dict(Item.objects.titles(row["item_id"] for row in rows))
    return [_failure(row, titles.get(row["item_id"], f"#{row['item_id']}")) for row in rows]


def _failure(row: dict[str, Any], title: str) -> Failure:
    is_text = row["state"] == EmbeddingState.State.FAILED
    return Failure(
        version_id=row["version_id"],
        item_id=row["item_id"],
        title=title,
        part="text" if is_text else "picture",
        error=row["error"] if is_text else row["picture_error"],
        attempts=row["attempts"] if is_text else row["picture_attempts"],
        at=row["updated_at"],
    )
