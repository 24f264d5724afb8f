"""Measurements of search on a query set: starting, carrying out and cancelling them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog import signals
from catalog.embedding.query_vectors import query_vector
from catalog.embedding.registry import encoder_for
from catalog.embedding.reranker import reranker_for
from catalog.judged.figures import RANKING_DEPTH, Figures, figures_of, mean_figures
from catalog.judged.sets import grades_of, hold
from catalog.models import IndexVersion, JudgedSet, MeasuredSetting, Measurement
from catalog.ranking.gains import gain_of
from catalog.search import search
from catalog.search.queries import DEFAULT_RATIO, SearchQuery
from catalog.search.reranking import reranker_spec

RATIOS = tuple(place / 10 for place in range(11))
#: Progress is saved, and a cancellation noticed, every this many seconds.
REPORT_S = 0.5
#: A measurement that takes longer, in seconds, is given up, so that other long jobs get their turn.
MOST_S = 15 * 60
State = Measurement.State


class NothingToMeasure(ValueError):
    """Something that a measurement needs is missing; `field` names the setting that needs it."""

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(reason)
        self.field = field


class AlreadyMeasuring(Exception):
    """This query set is being measured. Wait for that to finish, or cancel it, before measuring again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class GivenUp(Exception):
    """A measurement takes too long, or search used words alone; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSetting:
    """The settings that a measurement searches with."""

    version_id: int
    semantic_ratio: float = DEFAULT_RATIO
    rerank: bool = False


def settings_of(
    kind: Measurement.Kind, setting: SearchSetting, *, other_version_id: int | None = None
) -> list[SearchSetting]:
    """The settings that a measurement of this kind compares, the base first. Raises NothingToMeasure."""
    match kind:
        case Measurement.Kind.SWEEP:
            others = [ratio for ratio in RATIOS if ratio != setting.semantic_ratio]
            return [setting, *(replace(setting, semantic_ratio=ratio) for ratio in others)]
        case Measurement.Kind.VERSIONS:
            if other_version_id is None or other_version_id == setting.version_id:
                raise NothingToMeasure("Choose another index version to compare it with.", field="other_version")
            return [setting, replace(setting, version_id=other_version_id)]
        case Measurement.Kind.RERANKING:
            return [replace(setting, rerank=False), replace(setting, rerank=True)]
        case _:
            return [setting]


def start_measurement(
    judged_set: JudgedSet, tried: Sequence[SearchSetting], *, kind: Measurement.Kind, started_by: User | None = None
) -> Measurement:
    """Ask a worker to measure these settings. Raises NothingToMeasure and AlreadyMeasuring."""
    queries = len(grades_of(judged_set))
    if not queries:
        reason = "No item is judged relevant for any query of this set yet. Judge some first."
        raise NothingToMeasure(reason, field="query_set")
    live = set(IndexVersion.objects.live().values_list("pk", flat=True))
    for place, setting in enumerate(tried):
        if setting.version_id not in live:
            reason = f"There is no live index version {setting.version_id}."
            raise NothingToMeasure(reason, field="other_version" if place else "version")
    if any(setting.rerank for setting in tried) and reranker_spec() is None:
        raise NothingToMeasure("This site has no reranker. Set RERANK_MODEL to a cross-encoder.", field="rerank")
    try:
        with transaction.atomic():
            hold(judged_set.pk)
            measurement = Measurement.objects.create(
                judged_set=judged_set,
                kind=kind,
                queries=queries,
                searches_total=queries * len(tried),
                started_by=started_by,
            )
            MeasuredSetting.objects.bulk_create(
                MeasuredSetting(measurement=measurement, position=position, **asdict(setting))
                for position, setting in enumerate(tried)
            )
    except IntegrityError as error:  # a constraint admits only one, even for two simultaneous clicks
        raise AlreadyMeasuring from error
    transaction.on_commit(lambda: signals.measurement_requested.send(sender=Measurement, measurement_id=measurement.pk))
    return measurement


def cancel_measurement(measurement: Measurement) -> bool:
    """Cancel a measurement. False if it had already ended."""
    return _end(measurement, State.CANCELLED, "Cancelled.")


def carry_out(measurement: Measurement) -> None:
    """Run every query with every setting and save the figures; returns early if the measurement is cancelled.

    Raises GivenUp, EncoderError and InvalidQuery.
    """
    tried = list(measurement.settings.select_related("version"))
    judged = grades_of(measurement.judged_set)
    texts = dict(measurement.judged_set.queries.filter(pk__in=judged).values_list("pk", "text"))
    if not texts:
        raise GivenUp("No item is judged relevant any longer.")
    total = len(texts) * len(tried)
    Measurement.objects.filter(pk=measurement.pk).update(queries=len(texts), searches_total=total)
    _load_models(tried)
    trials = [_Trial(setting=setting) for setting in tried]
    started = reported = time.monotonic()
    for count, (query_id, text) in enumerate(texts.items()):
        took_ms = {version: encoding_ms(version, text) for version in _encoding(tried)}
        for trial in trials:
            trial.ask(query_id, text, judged[query_id], encoding_ms=took_ms.get(trial.setting.version, 0.0))
            now = time.monotonic()
            if now - started > MOST_S:
                raise GivenUp(f"Given up after {MOST_S // 60} minutes, at {count:,} of {len(texts):,} queries.")
            if now - reported > REPORT_S:
                reported = now
                if not _report(measurement, count * len(trials)):
                    return
    _keep(measurement, trials, total)


@dataclass(slots=True, kw_only=True)
class _Trial:
    """A setting and the figures of its searches so far."""

    setting: MeasuredSetting
    figures: dict[int, Figures] = field(default_factory=dict)
    times_ms: list[float] = field(default_factory=list)
    not_reranked: int = 0

    def ask(self, query_id: int, text: str, judged: dict[str, float], *, encoding_ms: float) -> None:
        query = SearchQuery(
            text=text,
            limit=RANKING_DEPTH,
            semantic_ratio=self.setting.semantic_ratio,
            rerank=self.setting.rerank,
            version_id=self.setting.version_id,
            highlight=False,
        )
        results = search(query)
        if results.degraded:
            raise GivenUp(f"Search used words only. {results.degraded_reason}")
        self.figures[query_id] = figures_of([str(hit.item.pk) for hit in results.hits], judged)
        self.times_ms.append(results.processing_ms + (encoding_ms if query.semantic_ratio else 0.0))
        self.not_reranked += self.setting.rerank and not results.reranked


def _encoding(tried: Sequence[MeasuredSetting]) -> set[IndexVersion]:
    """The versions whose encoders these settings need."""
    return {setting.version for setting in tried if setting.semantic_ratio}


def encoding_ms(version: IndexVersion, text: str, *, wait_s: float | None = None) -> float:
    """Milliseconds to encode a query. Its vector is cached afterwards, so that no search pays for it.

    Raises EncodingFailed, and EncoderUnavailable, also if the encoder is not loaded within `wait_s` seconds.
    """
    spec = version.encoder_spec
    encoder = encoder_for(spec, wait_s=wait_s)
    started = time.perf_counter()
    encoder.encode_queries([text])
    took_ms = (time.perf_counter() - started) * 1000
    query_vector(spec, text)
    return took_ms


def _load_models(tried: Sequence[MeasuredSetting]) -> None:
    """Raises EncoderUnavailable."""
    for version in _encoding(tried):
        encoder_for(version.encoder_spec)
    if any(setting.rerank for setting in tried):
        spec = reranker_spec()
        if spec is None:
            raise GivenUp("The site no longer has a reranker.")
        reranker_for(spec)


def _report(measurement: Measurement, searches_done: int) -> bool:
    """Save the progress. False if the measurement has ended in the meantime."""
    running = Measurement.objects.filter(pk=measurement.pk, state=State.RUNNING)
    return running.update(searches_done=searches_done) == 1


def _keep(measurement: Measurement, trials: Sequence[_Trial], total: int) -> None:
    base = np.array([figures.ndcg_at_10 for figures in trials[0].figures.values()])
    for trial in trials:
        setting, means = trial.setting, mean_figures(trial.figures.values())
        for name, value in asdict(means).items():
            setattr(setting, name, value)
        setting.median_ms, setting.not_reranked = median(trial.times_ms), trial.not_reranked
        setting.ndcg_by_query = {str(pk): round(figures.ndcg_at_10, 4) for pk, figures in trial.figures.items()}
        if trial is not trials[0]:
            own = np.array([figures.ndcg_at_10 for figures in trial.figures.values()])
            setting.gain = gain_of(own, base).as_json()
    with transaction.atomic():
        if _end(measurement, State.DONE, "", searches_done=total):
            names = ["ndcg_at_10", "mrr_at_10", "recall_at_100", "judged_at_10", "median_ms", "not_reranked"]
            MeasuredSetting.objects.bulk_update([trial.setting for trial in trials], [*names, "ndcg_by_query", "gain"])


def _end(measurement: Measurement, state: Measurement.State, message: str, **fields: int) -> bool:
    """End a measurement. False if it has already ended."""
    unfinished = Measurement.objects.unfinished().filter(pk=measurement.pk)
    return unfinished.update(state=state, message=message, finished_at=timezone.now(), **fields) == 1
