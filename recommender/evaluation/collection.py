"""A collection of items and interactions, loaded into the site that it is measured on."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from catalog.importing import run_import
from catalog.importing.formats import READERS
from catalog.importing.mapping import Mapping as FileMapping
from catalog.importing.rows import RowFault
from catalog.importing.uploads import run_for_file
from catalog.models import ImportRun, Item
from recommender import popularity, profiles
from recommender.importing import ImportedEvent, InteractionLoader
from recommender.interactions import NewInteraction, record_for_many
from recommender.subjects import Subject

Histories = Mapping[str, Sequence[ImportedEvent]]
RECORDED_AT_ONCE = 5_000


class UnreadableCollection(ValueError):
    """A file of the collection cannot be loaded; the message says which and why."""


def load_catalogue(directory: Path) -> int:
    """Import `items.jsonl`, with the mapping named after the directory if there is one, and return the number of
    items. Raises UnreadableCollection."""
    run = run_for_file(directory / "items.jsonl", kind=ImportRun.Kind.ITEMS, mapping=mapping_of(directory))
    run_import(run)
    run.refresh_from_db()
    if run.state == ImportRun.State.FAILED:
        raise UnreadableCollection(f"items.jsonl: {run.message}")
    return run.created


def mapping_of(directory: Path) -> dict[str, Any]:
    """The mapping in docs/mappings for a collection of this name; an empty one finds columns by their names."""
    path = settings.BASE_DIR / "docs" / "mappings" / f"{directory.name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def read_events(path: Path, mapping: Mapping[str, Any]) -> list[ImportedEvent]:
    """The events in the file, in order, read as an import reads them; rows that an import refuses are left out."""
    loader = InteractionLoader.for_file(FileMapping.parse(mapping), is_csv=True, rows=lambda: iter(()))
    events = []
    with path.open("rb") as file:
        for row in READERS["csv"](file):
            with suppress(RowFault):
                events.append(loader.event_of(row))
    return events


def refresh(subjects: Iterable[Subject]) -> None:
    """Compute these people's interests and the items' popularity, as the workers do."""
    for subject in subjects:
        profiles.refresh(subject)
    popularity.refresh()


def record(histories: Histories) -> dict[str, Subject]:
    """Create the users and record their histories; return the subjects by name."""
    user_model = get_user_model()
    user_model.objects.bulk_create(user_model(username=username) for username in histories)
    ids = dict(user_model.objects.filter(username__in=histories).values_list("username", "pk"))
    subjects = {username: Subject(user_id=pk) for username, pk in ids.items()}
    items = Item.objects.ids_by_external_id({event.external_id for own in histories.values() for event in own})
    rows = ((subjects[name], event) for name, own in histories.items() for event in own if event.external_id in items)
    while batch := list(islice(rows, RECORDED_AT_ONCE)):
        record_for_many(_by_subject(batch, items))
    return subjects


def _by_subject(
    rows: Sequence[tuple[Subject, ImportedEvent]], items: Mapping[str, int]
) -> dict[Subject, list[NewInteraction]]:
    events: defaultdict[Subject, list[NewInteraction]] = defaultdict(list)
    for subject, event in rows:
        events[subject].append(
            NewInteraction(
                item_id=items[event.external_id], kind=event.kind, value=event.value, occurred_at=event.occurred_at
            )
        )
    return events
