"""Exported interactions can be imported again without loss."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from recommender.models import Interaction
from tests.callers import with_key
from tests.factories import make_item

MOMENT = datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)


def record(username: str, item: str, kind: str, **fields: object) -> None:
    user, _ = User.objects.get_or_create(username=username)
    found = make_item(item)
    Interaction.objects.create(user=user, item=found, kind_id=kind, occurred_at=MOMENT, **fields)


def everything() -> list[tuple[object, ...]]:
    names = ("user__username", "item__external_id", "kind_id", "value", "occurred_at")
    return list(Interaction.objects.of_users().order_by(*names).values_list(*names))


@pytest.mark.parametrize("file_format", ["csv", "json", "ndjson"])
def test_a_round_trip_loses_nothing_that_people_did(db, tmp_path: Path, file_format):
    record("mira", "a", "rating", value=4.5, event_id="e-1")
    record("=cmd", "+item", "like", event_id="@event")
    record('joão, the "second"', "a", "view")
    Interaction.objects.create(visitor=uuid4(), item=make_item("a"), kind_id="view", occurred_at=MOMENT)
    before = everything()
    assert len(before) == 3
    file = tmp_path / f"interactions.{file_format}"
    call_command("export_interactions", str(file))
    if file_format == "csv":
        assert "'=cmd,'+item" in file.read_text()
    Interaction.objects.all().delete()
    call_command("import_interactions", str(file))
    assert everything() == before
    call_command("import_interactions", str(file))
    assert everything() == before


def test_administrators_export_over_the_api(db):
    record("mira", "a", "like")
    response: Any = with_key("admin").get("/api/v1/interactions/export", {"format": "csv"})
    assert response["Content-Disposition"] == 'attachment; filename="interactions.csv"'
    assert b"mira,a,like" in b"".join(response.streaming_content)
