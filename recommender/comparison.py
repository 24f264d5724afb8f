"""The served recommender beside others, in one run: the same histories, the same held-out items, the same measures.

What is served is trained by the product's own training and asked for as by `recommend`, HNSW graph, diversity and
all; so is the untrained score, before it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.contrib.auth import get_user_model
from django.db import transaction
from scipy.sparse import csr_matrix

from catalog.models import IndexVersion, Item
from catalog.search.predicates import Predicate
from recommender import baselines, popularity, profiles
from recommender.evaluation import (
    COLD_LEFT_OUT,
    EVERYTHING_LEFT_OUT,
    LEFT_OUT,
    RecommendationEvaluation,
    is_positive,
    mapping_of,
    read_events,
    split,
    summarise,
    together,
    withhold,
)
from recommender.importing import ImportedEvent
from recommender.interactions import NewInteraction, record_for_many
from recommender.miscalibration import miscalibration, tags_by_external_id
from recommender.models import EventKind, Interaction, TasteModel
from recommender.recommend import choose
from recommender.serving.scenarios import PLAIN, ScenarioSettings
from recommender.space import training
from recommender.space.folding import strength
from recommender.space.histories import History
from recommender.subjects import Subject
from recommender.vectors import item_vectors
from recommender.viewer import viewer_of

logger = logging.getLogger(__name__)
Histories = Mapping[str, Sequence[ImportedEvent]]
Rankings = Mapping[str, Sequence[str]]

RANKING_DEPTH = 20
RECORDED_AT_ONCE = 5_000
#: Each withholds other items.
COLD_SAMPLES = 3


def compare(
    directory: Path, *, everything: bool = False, calibrations: Sequence[float] = ()
) -> Iterator[RecommendationEvaluation]:
    """Measure the served recommender, the untrained one, cold items and the baselines, each as it is done.

    The items must be loaded and embedded. Histories hold positives, or `everything` that the users rated. What is
    served is measured with these `calibrations` as well. Raises SettingsRefused for one that cannot be.
    """
    calibrated = {f"serving-calibrated-{own:g}": PLAIN.with_changes({"calibration": own}) for own in calibrations}
    events = read_events(directory / "interactions.csv", mapping_of(directory))
    histories, held_out = split(events, everything=everything)
    subjects = _record(histories)
    tags = tags_by_external_id()
    positives = _positives({name: histories.get(name, ()) for name in held_out})

    def measured(method: str, rankings: Rankings) -> RecommendationEvaluation:
        left_out = EVERYTHING_LEFT_OUT if everything else LEFT_OUT
        found = summarise(
            rankings, held_out, method=method, collection=directory.name, items=len(tags), left_out=left_out
        )
        return replace(found, miscalibration_at_10=miscalibration(positives, rankings, tags))

    _refresh(subjects[name] for name in held_out)
    untrained = _served(subjects, held_out)
    logger.info("Training: %s", training.train().message)
    yield measured("serving", _served(subjects, held_out))
    for method, settings in calibrated.items():
        yield measured(method, _served(subjects, held_out, settings=settings))
    yield measured("untrained", untrained)
    for method, rankings in _baselines(histories, sorted(held_out)):
        yield measured(method, rankings)
    found: defaultdict[str, list[RecommendationEvaluation]] = defaultdict(list)
    for sample in range(COLD_SAMPLES):
        with undone():
            for evaluation in _cold(directory.name, histories, held_out, subjects, sample=sample):
                found[evaluation.method].append(evaluation)
    yield from map(together, found.values())


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _cold(
    collection: str,
    histories: Histories,
    held_out: Mapping[str, frozenset[str]],
    subjects: Mapping[str, Subject],
    *,
    sample: int,
) -> Iterator[RecommendationEvaluation]:
    """Forget all about the items that a sample withholds, train anew, and rank them among themselves."""
    withheld, wanted = withhold(histories, held_out, sample=sample)
    ids = Item.objects.ids_by_external_id(withheld)
    Interaction.objects.with_items_among(ids.values()).delete()
    TasteModel.objects.all().update(state=TasteModel.State.RETIRED)
    _refresh(subjects[name] for name in wanted)
    among = Predicate(sql="catalog_item.id = ANY(%s)", parameters=(list(ids.values()),))

    def measured(method: str, rankings: Rankings) -> RecommendationEvaluation:
        return summarise(
            rankings, wanted, method=method, collection=collection, items=len(withheld), left_out=COLD_LEFT_OUT
        )

    untrained = _served(subjects, wanted, among=among)
    logger.info("Training without the items of sample %d: %s", sample, training.train().message)
    yield measured("serving-cold", _served(subjects, wanted, among=among))
    yield measured("untrained-cold", untrained)
    known = {name: [event for event in own if event.external_id not in withheld] for name, own in histories.items()}
    content = {"raw-content": baselines.raw_content}
    for method, rankings in _baselines(known, sorted(wanted), methods=content, among=withheld):
        yield measured(f"{method}-cold", rankings)


def _positives(histories: Histories) -> dict[str, list[str]]:
    """What was positive in each history, as external ids."""
    kinds = EventKind.objects.positive_names()
    return {name: [event.external_id for event in own if is_positive(event, kinds)] for name, own in histories.items()}


def _served(
    subjects: Mapping[str, Subject],
    names: Iterable[str],
    *,
    among: Predicate | None = None,
    settings: ScenarioSettings = PLAIN,
) -> dict[str, list[str]]:
    """What is recommended to each, as by `recommend`, `among` some items or all."""
    rankings = {}
    for name in names:
        viewer = viewer_of(subjects[name])
        chosen = choose(viewer, limit=RANKING_DEPTH, settings=settings, wanted=among, explain=False)
        rankings[name] = [found.item.external_id for found in chosen]
    return rankings


def _baselines(
    histories: Histories,
    names: Sequence[str],
    *,
    methods: Mapping[str, baselines.Method] = baselines.BASELINES,
    among: frozenset[str] | None = None,
) -> Iterator[tuple[str, Rankings]]:
    """The rankings of each baseline, `among` some items or all. One whose package is missing is passed over."""
    version = IndexVersion.objects.active()
    assert version is not None
    ids = dict(Item.objects.published().values_list("external_id", "pk"))
    vectors = item_vectors(version, ids.values())
    external_ids = [external_id for external_id, pk in ids.items() if pk in vectors]
    people = [*names, *(name for name in histories if name not in set(names))]
    met, liked = _matrices([histories.get(name, ()) for name in people], external_ids)
    texts = np.array([vectors[ids[external_id]] for external_id in external_ids])
    sequences = _sequences([histories.get(name, ()) for name in people], external_ids)
    collection = baselines.Collection(histories=liked, texts=texts, sequences=sequences)
    left_out = met[: len(names)].toarray() > 0
    if among is not None:
        left_out |= np.array([external_id not in among for external_id in external_ids])
    for method, score in methods.items():
        try:
            scores = score(collection)[: len(names)]
        except ImportError as error:
            logger.warning("%s is left out: %s", method, error)
            continue
        ranked = baselines.rank(scores, left_out, depth=RANKING_DEPTH)
        yield method, {name: [external_ids[at] for at in own] for name, own in zip(names, ranked, strict=True)}


def _matrices(
    histories: Sequence[Sequence[ImportedEvent]], external_ids: Sequence[str]
) -> tuple[csr_matrix, csr_matrix]:
    """A row for each history: what was met, and what of it was positive."""
    kinds = EventKind.objects.positive_names()
    places = {external_id: place for place, external_id in enumerate(external_ids)}
    cells = {
        (row, places[event.external_id]): is_positive(event, kinds)
        for row, own in enumerate(histories)
        for event in own
        if event.external_id in places
    }
    shape = (len(histories), len(external_ids))
    positive = [cell for cell, liked in cells.items() if liked]
    return _ones(list(cells), shape), _ones(positive, shape)


def _sequences(histories: Sequence[Sequence[ImportedEvent]], external_ids: Sequence[str]) -> list[History]:
    """The histories in the order of time, each item where it was met last."""
    kinds = profiles.kinds_now()
    places = {external_id: place for place, external_id in enumerate(external_ids)}
    sequences = []
    for own in histories:
        strengths: dict[int, float] = {}
        for event in own:
            if (place := places.get(event.external_id)) is not None:
                strengths.pop(place, None)
                strengths[place] = strength(kinds[event.kind], event.value)
        items, values = np.array(list(strengths), np.int64), np.array(list(strengths.values()), np.float64)
        sequences.append(History(items=items, strengths=values))
    return sequences


def _ones(cells: Sequence[tuple[int, int]], shape: tuple[int, int]) -> csr_matrix:
    rows_and_columns: npt.NDArray[np.int64] = np.array(cells, dtype=np.int64).reshape(-1, 2)
    return csr_matrix((np.ones(len(cells)), (rows_and_columns[:, 0], rows_and_columns[:, 1])), shape=shape)


def _refresh(subjects: Iterable[Subject]) -> None:
    for subject in subjects:
        profiles.refresh(subject)
    popularity.refresh()


def _record(histories: Histories) -> dict[str, Subject]:
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
