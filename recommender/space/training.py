"""Training a taste space, and serving it only if it is better than the one serving.

A run that is killed leaves a model that never serves; the sweep or the next run removes it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from catalog.database.locks import session_lock
from catalog.models import IndexVersion, Item
from catalog.ranking.gains import gain_of
from recommender.models import Experiment, TasteModel
from recommender.space import storage
from recommender.space.contents import Contents, learn, scaled
from recommender.space.histories import History, Split, interactions, read_histories, split, withhold
from recommender.space.incumbent import untrained_top
from recommender.space.learning import collaborate, guess, spreads_of, targets_of
from recommender.space.measures import ndcg_of_top
from recommender.space.parameters import Parameters
from recommender.space.report import report
from recommender.space.spaces import Space
from recommender.space.tower_training import train_tower
from recommender.space.tuning import Bench, people_asked
from recommender.vectors import item_vectors

logger = logging.getLogger(__name__)
Floats = npt.NDArray[np.float64]

LOCK = 0x7A57E5
#: With fewer people to measure on, differences cannot be distinguished from chance.
FEWEST_PEOPLE = 20
READ_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a training."""

    model: TasteModel | None
    """None if there was too little data to train one."""
    promoted: bool
    message: str
    """The reason in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Parameters to train with, whether to serve the result, and the figures behind both."""

    parameters: Parameters
    promoted: bool
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The data to learn from. Items are numbered by their position in `item_ids`."""

    item_ids: npt.NDArray[np.int64]
    """(items,), ascending."""
    texts: npt.NDArray[np.float32]
    """(items, dimensions): the vectors of the items' texts."""
    contents: Contents
    rows: Floats
    """(items, content dimensions): the items' contents, centred."""
    histories: list[History]


def train() -> Outcome:
    """Choose parameters on held-out interactions, train on all interactions, and serve the result if it is better.

    Returns at once if another process is training.
    """
    version = IndexVersion.objects.active()
    if version is None:
        return Outcome(model=None, promoted=False, message="There is no active index yet.")
    with session_lock(LOCK) as mine:
        if not mine:
            return Outcome(model=None, promoted=False, message="Another training is already in progress.")
        _clear_up()
        started = time.monotonic()
        material = material_of(version)
        held = split(material.histories)
        if (people := len(people_asked(held, len(material.item_ids)))) < FEWEST_PEOPLE:
            message = f"Only {people} people have done enough to tell a better space from a worse: {FEWEST_PEOPLE} are"
            return Outcome(model=None, promoted=False, message=f"{message} needed.")
        choice = choose(version, material, held)
        model = store(version, material, choice, started=started)
    logger.info("%s: %s", model, choice.figures)
    message = (
        "Promoted." if choice.promoted else "Not promoted: not better than the untrained score with 95% confidence."
    )
    return Outcome(model=model, promoted=choice.promoted, message=message)


def choose(version: IndexVersion, material: Material, held: Split) -> Choice:
    """Choose parameters, and decide whether the space trained with them may serve.

    The search measures nDCG@10 on two splits by time, which hold out the newest fifth of everybody's positives and the
    fifth before it; parameters for new items are measured on a tenth of the items, withheld. The parameters now serving
    are kept, for training on newer data, unless the lower bound of the 95% interval of the gain over them is above 0.
    The space may serve if that of the gain over the untrained score, on the newest split, is above 0.
    """
    known = [history for history in held.histories if len(history.items)]
    splits = [held, split(known)]
    bench = Bench(splits, withhold(known), material.rows, text_dimensions=version.dimensions)
    active = TasteModel.objects.active()
    serving = Parameters(**active.parameters) if active else None
    best = bench.search(serving or Parameters())
    figures: dict[str, Any] = {}
    if serving is not None:
        gain = gain_of(bench.ndcg(best), bench.ndcg(serving))
        figures["gain_over_serving_parameters"] = gain.as_json()
        best = best if gain.low > 0 else serving
    asked = [held.held_out[place] for place in people_asked(held, len(material.item_ids))]
    untrained_listed = untrained_top(version, held, item_ids=material.item_ids, texts=material.texts)
    listed = bench.newest_top(best)
    newest, untrained = ndcg_of_top(listed, asked), ndcg_of_top(untrained_listed, asked)
    gain = gain_of(newest, untrained)
    figures |= {
        "people_asked": len(untrained),
        "ndcg@10": round(float(newest.mean()), 4),
        "untrained_ndcg@10": round(float(untrained.mean()), 4),
        "gain": gain.as_json(),
        "measures": report(
            trained=listed,
            untrained=untrained_listed,
            held_out=asked,
            met=np.asarray((interactions(held.histories, len(material.item_ids)) != 0).sum(axis=0), float).ravel(),
        ),
    }
    return Choice(parameters=best, promoted=gain.low > 0, figures=figures)


def clear_up_after_killed() -> None:
    """Clear up what a killed training left; does nothing while one is in progress."""
    with session_lock(LOCK) as mine:
        if mine and TasteModel.objects.building().exists():
            _clear_up()


def go_back() -> TasteModel | None:
    """Refuse the serving model and serve the one before it, or else the untrained score. Returns what serves now."""
    with transaction.atomic():
        serving = TasteModel.objects.select_for_update().filter(state=TasteModel.State.ACTIVE).first()
        before = TasteModel.objects.ready().select_for_update().first()
        if serving is not None:
            TasteModel.objects.with_id(serving.pk).update(state=TasteModel.State.REFUSED)
        if before is not None:
            TasteModel.objects.with_id(before.pk).update(state=TasteModel.State.ACTIVE, activated_at=Now())
    return TasteModel.objects.active()


def material_of(version: IndexVersion) -> Material:
    """Read all published items with vectors, and everybody's histories of them."""
    ids, texts, tagged = [], [], []
    published = list(Item.objects.published().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(published), READ_AT_ONCE):
        some = published[start : start + READ_AT_ONCE]
        vectors, items = item_vectors(version, some), Item.objects.in_bulk(some)
        for item_id in some:
            if item_id in vectors and item_id in items:
                ids.append(item_id)
                texts.append(vectors[item_id])
                tagged.append((items[item_id].category, items[item_id].attributes))
    item_ids = np.array(ids, dtype=np.int64)
    stacked = np.array(texts, np.float32).reshape(len(ids), version.dimensions)
    nothing = Contents(tags={}, numbers={}, centre=np.zeros(0))
    contents, rows = learn(stacked, tagged) if ids else (nothing, np.zeros((0, 0)))
    histories = read_histories(item_ids)
    return Material(item_ids=item_ids, texts=stacked, contents=contents, rows=rows, histories=histories)


def store(version: IndexVersion, material: Material, choice: Choice, *, started: float) -> TasteModel:
    """Train on everything with the chosen parameters, and serve or refuse the result. `started` is `time.monotonic()`
    at the start of the training."""
    parameters = choice.parameters
    learnt = collaborate(material.histories, len(material.item_ids), parameters=parameters)
    guessed = guess(learnt, material.rows, ridge=parameters.map_ridge)
    contents = scaled(material.rows, version.dimensions, parameters.tag_length)
    collaborative = targets_of(learnt, guessed, material.rows)
    tower = train_tower(material.histories, material.rows) if parameters.tower_share else None
    beside = [tower.targets] if tower else []
    targets = np.hstack([contents, collaborative[:, :-1], *beside, collaborative[:, -1:]])
    space = Space(
        parameters=parameters,
        contents=material.contents,
        spreads=spreads_of(contents, collaborative),
        guess=guessed,
        tower=tower.tower if tower else None,
    )
    model = TasteModel.objects.create(
        version_id=version.pk,
        parameters=parameters.as_json(),
        space=space.dump(),
        dimensions=targets.shape[1],
    )
    if choice.promoted:
        sources = np.hstack([learnt.factors.sources, *([tower.sources] if tower else [])])
        storage.fill(model, material.item_ids.tolist(), targets, sources)
    model.figures = choice.figures | {
        "items": len(material.item_ids),
        "people": len(material.histories),
        "seconds": round(time.monotonic() - started, 1),
    }
    model.save(update_fields=["figures"])
    return _promote(model) if choice.promoted else _refuse(model)


def _promote(model: TasteModel) -> TasteModel:
    with transaction.atomic():
        TasteModel.objects.filter(state=TasteModel.State.ACTIVE).update(state=TasteModel.State.READY)
        TasteModel.objects.with_id(model.pk).update(state=TasteModel.State.ACTIVE, activated_at=Now())
    _clear_up()
    return TasteModel.objects.get(pk=model.pk)


def _refuse(model: TasteModel) -> TasteModel:
    model.state = TasteModel.State.REFUSED
    model.save(update_fields=["state"])
    return model


def _clear_up() -> None:
    """Retire the models of killed runs, and old ones beyond RECOMMENDATION_MODELS_KEPT that no experiment uses; drop
    the vectors of retired and refused models."""
    TasteModel.objects.building().update(state=TasteModel.State.RETIRED)
    wanted = Experiment.objects.models_wanted()
    ready = TasteModel.objects.ready().values_list("pk", flat=True)[settings.RECOMMENDATION_MODELS_KEPT :]
    old = [model_id for model_id in ready if model_id not in wanted]
    TasteModel.objects.filter(pk__in=old).update(state=TasteModel.State.RETIRED)
    for model_id in storage.stored(states=(TasteModel.State.RETIRED, TasteModel.State.REFUSED)):
        try:
            storage.drop(model_id)
        except OperationalError as error:
            logger.info("The vectors of taste model %s are still in use and will be dropped later: %s", model_id, error)
