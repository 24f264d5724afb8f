"""Interactions as files that the import can read back."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.exporting.files import csv_file, json_file
from catalog.importing.csv_reader import escaped
from recommender.importing import NAMES
from recommender.models import Interaction

ROWS_A_PAGE = 1_000


def export_interactions(file_format: str) -> Iterator[bytes]:
    """Yield a file of what people with an account did, in pieces and in bounded memory.

    Visitors without an account are left out: they are known only by a cookie.
    """
    if file_format == "csv":
        return csv_file(list(NAMES), ([_cell(row[name]) for name in NAMES] for row in _rows()))
    return json_file(_rows(), lines=file_format == "ndjson")


def _rows() -> Iterator[dict[str, object]]:
    last = 0
    recorded = Interaction.objects.of_users().with_items().select_related("user")
    while page := list(recorded.recorded_after(last)[:ROWS_A_PAGE]):
        yield from (_row(interaction) for interaction in page)
        last = page[-1].pk


def _row(interaction: Interaction) -> dict[str, object]:
    assert interaction.user is not None
    return {
        "user": interaction.user.username,
        "item": interaction.item.external_id,
        "kind": interaction.kind_id,
        "value": interaction.value,
        "occurred_at": interaction.occurred_at.isoformat(),
        "event_id": interaction.event_id,
    }


def _cell(value: object) -> str:
    return "" if value is None else escaped(str(value))
