"""How good recommendations are on recorded interactions, measured through the product's own code.

The protocol: ratings of 4 stars or more are positives, and so is every event of a kind with a positive weight that
has no stars. Of each user's positives, in the order of time, the last fifth is held out. The positives before it are
recorded as the history, or everything before it if so asked. The whole catalogue is ranked except for what is in that
history. Users with nothing held out are left out of the means.

Cold items are measured apart: a tenth of the items that have positives is withheld from all histories, nothing is
known of them but their texts, and they are ranked among themselves for those who have positives among them. Which
items these are decides how hard that is, so it is done for several samples, and the means are over the people of all.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import md5
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from django.conf import settings

from catalog.importing import run_import
from catalog.importing.formats import READERS
from catalog.importing.mapping import Mapping as FileMapping
from catalog.importing.rows import RowFault
from catalog.importing.uploads import run_for_file
from catalog.models import ImportRun
from catalog.ranking import metrics
from catalog.ranking.gains import Gain, gain_of
from recommender.importing import ImportedEvent, InteractionLoader
from recommender.models import EventKind

POSITIVE_STARS = 4.0
HELD_OUT = 0.2
#: Of the items with positives, for the measure of cold items.
WITHHELD = 0.1
LEFT_OUT = "the user's positives before the held-out ones"
EVERYTHING_LEFT_OUT = "everything that the user rated before the held-out positives"
COLD_LEFT_OUT = "everything but the withheld items, a tenth of those with positives"


class UnreadableCollection(ValueError):
    """A file of the collection cannot be loaded; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationEvaluation:
    """The measures of one method: means over the users with held-out positives."""

    method: str
    collection: str
    left_out: str
    """What no list may hold, in words."""
    ndcg_by_user: tuple[float, ...]
    """The nDCG@10 of each user, in the order of their names."""
    recall_at_20: float
    hit_rate_at_10: float
    coverage_at_10: float
    """The share of the catalogue that somebody has among the first ten."""
    miscalibration_at_10: float | None = None
    """How far the tags of the first ten are from those of the history."""
    samples: tuple[float, ...] = ()
    """The mean nDCG@10 of each sample of withheld items, if there were several."""

    @property
    def users(self) -> int:
        return len(self.ndcg_by_user)

    @property
    def ndcg_at_10(self) -> float:
        return fmean(self.ndcg_by_user) if self.ndcg_by_user else 0.0

    @property
    def interval(self) -> list[float]:
        """Where the mean nDCG@10 lies with 95% confidence, by a bootstrap over the users."""
        found = gain_of(np.array(self.ndcg_by_user), np.zeros(len(self.ndcg_by_user)))
        return [round(found.low, 4), round(found.high, 4)]

    def behind(self, served: RecommendationEvaluation) -> Gain:
        """By how much another method, asked about the same users, has the better nDCG@10."""
        return gain_of(np.array(served.ndcg_by_user), np.array(self.ndcg_by_user))

    def as_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "collection": self.collection,
            "users": self.users,
            "ndcg@10": round(self.ndcg_at_10, 4),
            "interval": self.interval,
            **({"samples": [round(sample, 4) for sample in self.samples]} if self.samples else {}),
            "recall@20": round(self.recall_at_20, 4),
            "hit_rate@10": round(self.hit_rate_at_10, 4),
            "coverage@10": round(self.coverage_at_10, 4),
            **({} if self.miscalibration_at_10 is None else {"miscalibration@10": round(self.miscalibration_at_10, 4)}),
            "left_out": self.left_out,
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


def read_events(path: Path, mapping: Mapping[str, Any]) -> list[ImportedEvent]:
    """The events in the file, in its order, read as an import reads them; rows that an import refuses are left out."""
    loader = InteractionLoader.for_file(FileMapping.parse(mapping), is_csv=True, sample=iter(()))
    events = []
    with path.open("rb") as file:
        for row in READERS["csv"](file):
            with suppress(RowFault):
                events.append(loader.event_of(row))
    return events


def split(
    events: Sequence[ImportedEvent], *, everything: bool = False
) -> tuple[dict[str, list[ImportedEvent]], dict[str, frozenset[str]]]:
    """Each user's history, the oldest first, and the external ids of the positives held out."""
    kinds = EventKind.objects.positive_names()
    by_user: defaultdict[str, list[ImportedEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.occurred_at):
        by_user[event.username].append(event)
    histories, held_out = {}, {}
    for username, own in by_user.items():
        positives = [event for event in own if is_positive(event, kinds)]
        kept = len(positives) - int(len(positives) * HELD_OUT)
        known = {event.external_id for event in positives[:kept]}
        wanted = frozenset(event.external_id for event in positives[kept:]) - known
        history = own[: own.index(positives[kept])] if everything and kept < len(positives) else positives[:kept]
        if history:
            histories[username] = history
        if wanted:
            held_out[username] = wanted
    return histories, held_out


def is_positive(event: ImportedEvent, kinds: Collection[str]) -> bool:
    """Whether an event speaks for its item; `kinds` are those with a positive weight."""
    return event.kind in kinds and (event.value is None or event.value >= POSITIVE_STARS)


def withhold(
    histories: Mapping[str, Sequence[ImportedEvent]], held_out: Mapping[str, Set[str]], *, sample: int = 0
) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The items that a sample withholds, and each user's positives among them, for those who have a history beside."""
    kinds = EventKind.objects.positive_names()
    positives = {
        username: held_out.get(username, frozenset())
        | {event.external_id for event in own if is_positive(event, kinds)}
        for username, own in histories.items()
    }
    known = sorted({item for own in positives.values() for item in own}, key=lambda item: _chance(item, sample))
    withheld = frozenset(known[: int(len(known) * WITHHELD)])
    wanted = {
        username: frozenset(own & withheld)
        for username, own in positives.items()
        if own & withheld and any(event.external_id not in withheld for event in histories[username])
    }
    return withheld, wanted


def _chance(external_id: str, sample: int) -> bytes:
    """An order that has nothing to do with the items, and is the same every time."""
    return md5(f"{sample} {external_id}".encode(), usedforsecurity=False).digest()


def together(evaluations: Sequence[RecommendationEvaluation]) -> RecommendationEvaluation:
    """One method's measures on several samples as one: means over the people of all of them."""
    people = [evaluation.users for evaluation in evaluations]

    def mean(values: Sequence[float]) -> float:
        return float(np.average(values, weights=people)) if sum(people) else 0.0

    return replace(
        evaluations[0],
        ndcg_by_user=tuple(value for evaluation in evaluations for value in evaluation.ndcg_by_user),
        recall_at_20=mean([evaluation.recall_at_20 for evaluation in evaluations]),
        hit_rate_at_10=mean([evaluation.hit_rate_at_10 for evaluation in evaluations]),
        coverage_at_10=mean([evaluation.coverage_at_10 for evaluation in evaluations]),
        samples=tuple(evaluation.ndcg_at_10 for evaluation in evaluations),
    )


def summarise(
    rankings: Mapping[str, Sequence[str]],
    held_out: Mapping[str, Set[str]],
    *,
    method: str,
    collection: str,
    items: int,
    left_out: str = LEFT_OUT,
) -> RecommendationEvaluation:
    """The measures of rankings, which list external ids, against what was held out; all are 0 where nothing was."""
    judged = {username: dict.fromkeys(held_out[username], 1.0) for username in sorted(held_out)}
    shown = {external_id for username in judged for external_id in rankings[username][:10]}

    def each(metric: Any, k: int) -> list[float]:
        return [metric(rankings[username], own, k=k) for username, own in judged.items()]

    hits = [float(rank > 0) for rank in each(metrics.reciprocal_rank, 10)]
    return RecommendationEvaluation(
        method=method,
        collection=collection,
        left_out=left_out,
        ndcg_by_user=tuple(each(metrics.ndcg, 10)),
        recall_at_20=fmean(each(metrics.recall, 20) or [0.0]),
        hit_rate_at_10=fmean(hits or [0.0]),
        coverage_at_10=len(shown) / items if items else 0.0,
    )
