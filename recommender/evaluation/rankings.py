"""What each method recommends to people: the serving recommender and the baselines, over the same histories."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from catalog.models import IndexVersion, Item
from catalog.search.predicates import Predicate
from recommender import profiles
from recommender.evaluation import baselines
from recommender.evaluation.collection import Histories
from recommender.evaluation.protocol import is_positive
from recommender.importing import ImportedEvent
from recommender.models import EventKind
from recommender.recommend import choose
from recommender.serving.scenarios import PLAIN, ScenarioSettings
from recommender.space.histories import History
from recommender.space.strengths import strength
from recommender.subjects import Subject
from recommender.vectors import item_vectors
from recommender.viewer import viewer_of

logger = logging.getLogger(__name__)
#: External ids of items, best first, by the person's name.
Rankings = Mapping[str, Sequence[str]]

RANKING_DEPTH = 20


def served(
    subjects: Mapping[str, Subject],
    names: Iterable[str],
    *,
    among: Collection[int] | None = None,
    settings: ScenarioSettings = PLAIN,
) -> Rankings:
    """What `recommend` currently gives each of these people, over the items `among` (by id) or over all."""
    wanted = None if among is None else Predicate(sql="catalog_item.id = ANY(%s)", parameters=(list(among),))
    rankings = {}
    for name in names:
        chosen = choose(viewer_of(subjects[name]), limit=RANKING_DEPTH, settings=settings, wanted=wanted, explain=False)
        rankings[name] = [found.item.external_id for found in chosen]
    return rankings


def of_baselines(
    histories: Histories,
    names: Sequence[str],
    *,
    methods: Mapping[str, baselines.Method] = baselines.BASELINES,
    among: Collection[int] | None = None,
) -> Iterator[tuple[str, Rankings]]:
    """The rankings of each baseline for these people, over the items `among` (by id) or over all. A baseline whose
    package is missing is skipped."""
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
        left_out |= ~np.isin([ids[external_id] for external_id in external_ids], list(among))
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
    """One row per history: the items met, and those of them that were positive."""
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
    """The histories in time order, with each item at its last occurrence."""
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
