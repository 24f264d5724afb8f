"""How good recommendations are on recorded interactions, measured through the product's own code.

The protocol: ratings of 4 stars or more are positives, and so is every event of a kind with a positive weight that
has no stars. Of each user's positives, in the order of time, the last fifth is held out, and those before it are
recorded as the history. The whole catalogue is ranked except for what is in that history. Users with nothing held out
are left out of the means.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from catalog.importing import run_import
from catalog.importing.formats import READERS
from catalog.importing.mapping import Mapping as FileMapping
from catalog.importing.rows import RowFault
from catalog.importing.uploads import run_for_file
from catalog.models import ImportRun, Item
from catalog.ranking import metrics
from recommender import popularity, profiles
from recommender.importing import Event, InteractionLoader
from recommender.interactions import NewInteraction, record_for_many
from recommender.models import EventKind
from recommender.recommend import recommend
from recommender.subjects import Subject

POSITIVE_STARS = 4.0
HELD_OUT = 0.2
RANKING_DEPTH = 20
LEFT_OUT = "the user's positives before the held-out ones"
RECORDED_AT_ONCE = 5_000


class UnreadableCollection(ValueError):
    """A file of the collection cannot be loaded; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationEvaluation:
    """Means over the users with held-out positives. `coverage_at_10` is the share of the catalogue that somebody has
    among the first ten."""

    collection: str
    users: int
    ndcg_at_10: float
    recall_at_20: float
    hit_rate_at_10: float
    coverage_at_10: float

    def as_json(self) -> dict[str, Any]:
        return {
            "collection": self.collection,
            "users": self.users,
            "ndcg@10": round(self.ndcg_at_10, 4),
            "recall@20": round(self.recall_at_20, 4),
            "hit_rate@10": round(self.hit_rate_at_10, 4),
            "coverage@10": round(self.coverage_at_10, 4),
            "left_out": LEFT_OUT,
        }


def load_catalogue(directory: Path) -> int:
    """Import `items.jsonl`, by the mapping named after the directory if there is one, and return how many items there
    are. Raises UnreadableCollection."""
    run = run_for_file(directory / "items.jsonl", kind=ImportRun.Kind.ITEMS, mapping=mapping_of(directory))
    run_import(run)
    run.refresh_from_db()
    if run.state == ImportRun.State.FAILED:
        raise UnreadableCollection(f"items.jsonl: {run.message}")
    return run.created


def mapping_of(directory: Path) -> dict[str, Any]:
    """The mapping that docs/mappings keeps for a collection of this name; an empty one finds columns by their names."""
    path = settings.BASE_DIR / "docs" / "mappings" / f"{directory.name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def evaluate_recommendations(directory: Path) -> RecommendationEvaluation:
    """Record the histories, refresh every profile, and recommend. The items must be loaded and embedded."""
    histories, held_out = split(read_events(directory / "interactions.csv", mapping_of(directory)))
    subjects = _record(histories)
    for username in held_out:
        profiles.refresh(subjects[username])
    popularity.refresh()
    rankings = {username: _ranking(subjects[username]) for username in held_out}
    return summarise(rankings, held_out, collection=directory.name, items=Item.objects.published().count())


def read_events(path: Path, mapping: Mapping[str, Any]) -> list[Event]:
    """The events in the file, in its order, read as an import reads them; rows that an import refuses are left out."""
    loader = InteractionLoader.for_file(FileMapping.parse(mapping), is_csv=True, sample=iter(()))
    events = []
    with path.open("rb") as file:
        for row in READERS["csv"](file):
            with suppress(RowFault):
                events.append(loader.event_of(row))
    return events


def split(events: Sequence[Event]) -> tuple[dict[str, list[Event]], dict[str, set[str]]]:
    """Each user's positives before the held-out ones, the oldest first, and the external ids of those held out."""
    kinds = set(EventKind.objects.positive().values_list("name", flat=True))
    positives: defaultdict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.occurred_at):
        if event.kind in kinds and (event.value is None or event.value >= POSITIVE_STARS):
            positives[event.username].append(event)
    histories, held_out = {}, {}
    for username, own in positives.items():
        kept = len(own) - int(len(own) * HELD_OUT)
        histories[username] = own[:kept]
        known = {event.external_id for event in own[:kept]}
        if wanted := {event.external_id for event in own[kept:]} - known:
            held_out[username] = wanted
    return histories, held_out


def summarise(
    rankings: Mapping[str, Sequence[str]], held_out: Mapping[str, set[str]], *, collection: str, items: int
) -> RecommendationEvaluation:
    """The means of rankings, which list external ids, against what was held out; all are 0 where nothing was."""
    judged = {username: dict.fromkeys(wanted, 1.0) for username, wanted in held_out.items()}
    shown = {external_id for ranking in rankings.values() for external_id in ranking[:10]}

    def mean(metric: Any, k: int) -> float:
        return fmean(metric(rankings[username], judged[username], k=k) for username in judged) if judged else 0.0

    return RecommendationEvaluation(
        collection=collection,
        users=len(judged),
        ndcg_at_10=mean(metrics.ndcg, 10),
        recall_at_20=mean(metrics.recall, 20),
        hit_rate_at_10=mean(lambda *given, k: float(metrics.reciprocal_rank(*given, k=k) > 0), 10),
        coverage_at_10=len(shown) / items if items else 0.0,
    )


def _record(histories: Mapping[str, Sequence[Event]]) -> dict[str, Subject]:
    """Make the users and record their histories; return the subjects by name."""
    user_model = get_user_model()
    user_model.objects.bulk_create(user_model(username=username) for username in histories)
    ids = dict(user_model.objects.filter(username__in=histories).values_list("username", "pk"))
    subjects = {username: Subject(user_id=pk) for username, pk in ids.items()}
    items = Item.objects.ids_by_external_id({event.external_id for own in histories.values() for event in own})
    rows = ((subjects[name], event) for name, own in histories.items() for event in own if event.external_id in items)
    while batch := list(islice(rows, RECORDED_AT_ONCE)):
        record_for_many(_by_subject(batch, items))
    return subjects


def _by_subject(rows: Sequence[tuple[Subject, Event]], items: Mapping[str, int]) -> dict[Subject, list[NewInteraction]]:
    events: defaultdict[Subject, list[NewInteraction]] = defaultdict(list)
    for subject, event in rows:
        events[subject].append(
            NewInteraction(
                item_id=items[event.external_id], kind=event.kind, value=event.value, occurred_at=event.occurred_at
            )
        )
    return events


def _ranking(subject: Subject) -> list[str]:
    chosen = recommend(subject, limit=RANKING_DEPTH, explain=False)
    return [recommendation.item.external_id for recommendation in chosen]
