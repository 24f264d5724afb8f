"""Comparing and adapting encoders: minutes of work, one job at a time, so that other long work gets its turn."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.adaptation.adapting import Adaptation, AdaptationPlan, NotEnoughQueries, adapt_encoder
from catalog.embedding.base import EncoderSpec
from catalog.index.reindex import start_reindex
from catalog.judged.catalogue import (
    FEWEST_QUERIES,
    KnownQueries,
    clicked_queries,
    collection_of,
    judged_queries,
    known_queries,
)
from catalog.judged.collection import JudgedCollection
from catalog.judged.comparing import compare_encoders
from catalog.models import EncoderAdaptation, EncoderComparison, IndexVersion, ReindexRun
from catalog.models.encoders import EncoderJob
from catalog.search import search
from catalog.search.queries import SearchQuery
from workers import jobs

logger = logging.getLogger(__name__)
LOCK = 0xE2C0DE
#: How many queries a comparison asks among how many documents: minutes on a CPU, and a bounded amount of memory.
COMPARED_QUERIES, COMPARED_DOCUMENTS = 300, 3_000
ADAPTED_QUERIES, ADAPTED_DOCUMENTS = 5_000, 10_000
PLAN = AdaptationPlan()
#: The nearest items in the index to a query, from which hard negatives are mined.
NEAR_ITEMS = 30
Report = Callable[[str], None]


class NothingToCompare(ValueError):
    """There is no index yet, or nothing in the catalogue to compare encoders with."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def start_comparison(candidate: EncoderSpec, *, started_by: User | None = None) -> EncoderComparison:
    """Queue a comparison of the serving encoder with another. Raises NothingToCompare."""
    return EncoderComparison.objects.create(
        base=asdict(_serving().encoder_spec), candidate=asdict(candidate), started_by=started_by
    )


def start_adaptation(*, started_by: User | None = None) -> EncoderAdaptation:
    """Queue an adaptation of the serving encoder, or return the unfinished one. Raises NothingToCompare."""
    if unfinished := EncoderAdaptation.objects.unfinished().first():
        return unfinished
    return EncoderAdaptation.objects.create(base=asdict(_serving().encoder_spec), started_by=started_by)


def start_reindex_with(job: EncoderComparison | EncoderAdaptation, *, started_by: User | None = None) -> ReindexRun:
    """Start a reindex with the job's encoder and the current document template.

    Raises what `start_reindex` does.
    """
    active = IndexVersion.objects.active()
    settings = job.version_settings
    if active is not None:
        settings["document_template"] = active.document_template
    return start_reindex(started_by=started_by, **settings)


def waiting() -> bool:
    return jobs.waiting(KINDS)


def work() -> None:
    """Work through the waiting jobs, oldest first. Of two concurrent callers the second returns at once."""
    jobs.work_through(KINDS, lock=LOCK)


def adapt(
    job: EncoderAdaptation, collection: JudgedCollection, *, known: KnownQueries | None, plan: AdaptationPlan
) -> Adaptation:
    """Adapt the job's encoder to a collection and record the outcome. Raises what `adapt_encoder` does."""
    folder = _folder_of(job)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    adaptation = adapt_encoder(
        job.base_spec,
        collection,
        folder,
        plan=plan,
        asked_at=known.asked_at if known else None,
        report=_reporter(job),
    )
    job.offered, job.folder = adaptation.better, str(folder) if adaptation.better else ""
    _finish(job, adaptation.verdict, figures=adaptation.as_json())
    return adaptation


def own_queries() -> KnownQueries:
    """The queries that this catalogue's encoder can learn from. Raises NotEnoughQueries."""
    judged, clicked = judged_queries(), clicked_queries()
    known = judged if len(judged.grades) >= FEWEST_QUERIES else clicked
    if len(known.grades) < FEWEST_QUERIES:
        raise NotEnoughQueries(
            f"At least {FEWEST_QUERIES} judged queries, or different queries with opened results, are needed. There are"
            f" {len(judged.grades)} judged queries and {len(clicked.grades)} queries with opened results."
        )
    return known


def own_collection(known: KnownQueries) -> JudgedCollection:
    """The queries with their items, the items that the index ranks near them, and others."""
    near: set[int] = set()
    for query in list(known.grades)[:ADAPTED_QUERIES]:
        results = search(SearchQuery(text=query, limit=NEAR_ITEMS, semantic_ratio=1, correct=False, highlight=False))
        near |= {hit.item.pk for hit in results.hits}
        if len(near) > ADAPTED_DOCUMENTS:
            break
    return collection_of(
        known, version=_serving(), most_queries=ADAPTED_QUERIES, most_documents=ADAPTED_DOCUMENTS, also=near
    )


def _compare(job: EncoderComparison) -> None:
    version = _serving()
    known = known_queries(most=COMPARED_QUERIES)
    collection = collection_of(known, version=version, most_queries=COMPARED_QUERIES, most_documents=COMPARED_DOCUMENTS)
    if not collection.queries:
        raise NothingToCompare
    found = compare_encoders(job.base_spec, job.candidate_spec, collection=collection, report=_reporter(job))
    figures = {"source": found.source, "queries": found.queries, "documents": found.documents, "rows": found.rows()}
    _finish(job, "", figures=figures)


def _adapt(job: EncoderAdaptation) -> None:
    known = own_queries()
    adapt(job, own_collection(known), known=known, plan=PLAN)


def _serving() -> IndexVersion:
    if (version := IndexVersion.objects.active()) is None:
        raise NothingToCompare
    return version


def _folder_of(job: EncoderAdaptation) -> Path:
    return Path(settings.ENCODERS_DIR) / f"{Path(job.base_spec.model).name}-adapted-{job.pk}"


def _finish(job: EncoderJob, message: str, *, figures: dict[str, Any]) -> None:
    job.state, job.message, job.finished_at = EncoderJob.State.DONE, message, timezone.now()
    job.figures = figures
    job.save()


def _reporter(job: EncoderJob) -> Report:
    def report(message: str) -> None:
        logger.info("%s: %s", job, message)
        type(job).objects.filter(pk=job.pk).update(message=message)

    return report


KINDS: jobs.Kinds = {EncoderComparison: _compare, EncoderAdaptation: _adapt}
