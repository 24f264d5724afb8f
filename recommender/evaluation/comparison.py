"""The serving recommender beside others, in one run: the same histories, held-out items and measures.

The serving recommender is trained by the product's own training and asked through `recommend`: HNSW graph, diversity
and all. So is the untrained score, before the training.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction

from catalog.models import Item
from recommender.evaluation import baselines
from recommender.evaluation.collection import Histories, mapping_of, read_events, record, refresh
from recommender.evaluation.figures import RecommendationEvaluation, summarise, together
from recommender.evaluation.miscalibration import miscalibration, tags_by_external_id
from recommender.evaluation.protocol import (
    COLD_LEFT_OUT,
    EVERYTHING_LEFT_OUT,
    LEFT_OUT,
    is_positive,
    split,
    withhold,
)
from recommender.evaluation.rankings import Rankings, of_baselines, served
from recommender.models import EventKind, Interaction, TasteModel
from recommender.serving.scenarios import PLAIN, ScenarioSettings
from recommender.space import training
from recommender.subjects import Subject

logger = logging.getLogger(__name__)

#: Each withholds different items.
COLD_SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Study:
    """A collection whose histories are recorded, and the items held out from them. People are identified by name."""

    collection: str
    histories: Histories
    held_out: Mapping[str, frozenset[str]]
    subjects: Mapping[str, Subject]


def compare(
    directory: Path, *, everything: bool = False, calibrations: Sequence[float] = ()
) -> Iterator[RecommendationEvaluation]:
    """Measure the serving recommender, the untrained one and the baselines, then all of them on cold items; yield each
    result as it is ready.

    The items must be loaded and embedded. Histories hold positives, or with `everything` all that the users rated. The
    serving recommender is also measured with these `calibrations`. Raises SettingsRefused for an invalid one.
    """
    calibrated = {f"serving-calibrated-{own:g}": PLAIN.with_changes({"calibration": own}) for own in calibrations}
    events = read_events(directory / "interactions.csv", mapping_of(directory))
    histories, held_out = split(events, everything=everything)
    study = _Study(collection=directory.name, histories=histories, held_out=held_out, subjects=record(histories))
    yield from _whole_catalogue(study, calibrated, left_out=EVERYTHING_LEFT_OUT if everything else LEFT_OUT)
    samples: defaultdict[str, list[RecommendationEvaluation]] = defaultdict(list)
    for sample in range(COLD_SAMPLES):
        with undone():
            for evaluation in _cold(study, sample):
                samples[evaluation.method].append(evaluation)
    yield from map(together, samples.values())


@contextmanager
def undone() -> Iterator[None]:
    """Roll back everything done inside the block."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _whole_catalogue(
    study: _Study, calibrated: Mapping[str, ScenarioSettings], *, left_out: str
) -> Iterator[RecommendationEvaluation]:
    tags, kinds = tags_by_external_id(), EventKind.objects.positive_names()
    positives = {
        name: [event.external_id for event in study.histories.get(name, ()) if is_positive(event, kinds)]
        for name in study.held_out
    }
    for method, rankings in _methods(study.histories, study.subjects, sorted(study.held_out), calibrated=calibrated):
        found = summarise(
            rankings,
            study.held_out,
            method=method,
            collection=study.collection,
            items=len(tags),
            left_out=left_out,
        )
        yield replace(found, miscalibration_at_10=miscalibration(positives, rankings, tags))


def _cold(study: _Study, sample: int) -> Iterator[RecommendationEvaluation]:
    """Forget everything about the items that a sample withholds, retrain, and rank these items among themselves."""
    withheld, wanted = withhold(study.histories, study.held_out, sample=sample)
    ids = Item.objects.ids_by_external_id(withheld).values()
    Interaction.objects.with_items_among(ids).delete()
    TasteModel.objects.all().update(state=TasteModel.State.RETIRED)
    known = {
        name: [event for event in own if event.external_id not in withheld] for name, own in study.histories.items()
    }
    methods = {"raw-content": baselines.raw_content}
    for method, rankings in _methods(known, study.subjects, sorted(wanted), among=ids, methods=methods):
        yield summarise(
            rankings,
            wanted,
            method=f"{method}-cold",
            collection=study.collection,
            items=len(withheld),
            left_out=COLD_LEFT_OUT,
        )


def _methods(
    histories: Histories,
    subjects: Mapping[str, Subject],
    names: Sequence[str],
    *,
    among: Collection[int] | None = None,
    calibrated: Mapping[str, ScenarioSettings] | None = None,
    methods: Mapping[str, baselines.Method] = baselines.BASELINES,
) -> Iterator[tuple[str, Rankings]]:
    """The rankings of each method for these people, over the items `among` or over all. Trains a space."""
    refresh(subjects[name] for name in names)
    untrained = served(subjects, names, among=among)
    logger.info("Training: %s", training.train().message)
    yield "serving", served(subjects, names, among=among)
    for method, settings in (calibrated or {}).items():
        yield method, served(subjects, names, among=among, settings=settings)
    yield "untrained", untrained
    yield from of_baselines(histories, names, methods=methods, among=among)
