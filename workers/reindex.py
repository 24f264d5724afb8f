"""The steps of a reindex run. Each may be killed and is then repeated; searches change only at the last."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from catalog.database.locks import session_lock
from catalog.index.partitions import build_hnsw
from catalog.index.reindex import finish
from catalog.index.versions import activate, add_missing_states, load_encoder, mark_ready, save_loaded_version
from catalog.models import EmbeddingState, IndexVersion, ReindexRun
from catalog.tuning.ef_search import tune
from catalog.tuning.relevance_cutoff import awaits_cutoff

logger = logging.getLogger(__name__)
LOCKS = 0x5EA2C5_00000000
LOWEST_RECALL = 0.95
MOST_FAILED_SHARE = 0.05


class VerificationFailed(Exception):
    """The new version is not fit to be activated; the message says why."""


def advance(run_id: int) -> None:
    """Take a run as far as it can go now. Of two concurrent callers the second returns at once.

    The lock is held by the session because an index is built concurrently, outside any transaction. See
    docs/decisions/0008.
    """
    with session_lock(LOCKS + run_id) as mine:
        while mine and _take_step(run_id):
            pass


def _take_step(run_id: int) -> bool:
    """Do the next step of a run; return whether another can follow at once."""
    run = ReindexRun.objects.running().select_related("version").filter(pk=run_id).first()
    if run is None:
        return False
    step = ReindexRun.Step(run.step)
    try:
        following = STEPS[step](run)
    except (OperationalError, InterfaceError):  # the database went away, or a lock timed out: try again later
        raise
    except Exception as error:  # a run must end in a state that staff can see, whatever went wrong
        logger.exception("Reindex run %s failed in step %s", run.pk, step)
        finish(run, ReindexRun.State.FAILED, f"Step {step.label.lower()}: {error}")
        return False
    if following is None or following == step:
        return False
    return ReindexRun.objects.running().filter(pk=run.pk, step=step).update(step=following) == 1


def _load(run: ReindexRun) -> ReindexRun.Step | None:
    """Load the encoder, which determines the vector and passage lengths, and start on the first items."""
    if run.version.state == IndexVersion.State.LOADING:
        load_encoder(run.version)
        if not save_loaded_version(run.version):
            return None
        add_missing_states(run.version)
    return ReindexRun.Step.EMBED


def _embed(run: ReindexRun) -> ReindexRun.Step:
    """Wait for the workers that drain the ledger and measure the cutoff."""
    states = EmbeddingState.objects.of(run.version)
    if states.unfinished().exists() or add_missing_states(run.version) or awaits_cutoff(run.version):
        return ReindexRun.Step.EMBED
    return ReindexRun.Step.BUILD


def _build(run: ReindexRun) -> ReindexRun.Step:
    build_hnsw(run.version)
    return ReindexRun.Step.VERIFY


def _verify(run: ReindexRun) -> ReindexRun.Step:
    """Check counts and the graph's recall, and find how far searches have to look in it."""
    run.report = _measured(run.version)
    run.save(update_fields=["report"])
    if run.report["failed_share"] > MOST_FAILED_SHARE:
        raise VerificationFailed(
            f"{run.report['failed']} items could not be embedded. Retry them and the run continues."
        )
    if run.report["recall@10"] is not None and run.report["recall@10"] < LOWEST_RECALL:
        raise VerificationFailed(f"The graph finds {run.report['recall@10']:.0%} of the true neighbours.")
    return ReindexRun.Step.ACTIVATE


def _measured(version: IndexVersion) -> dict[str, Any]:
    counts = EmbeddingState.objects.of(version).counts()
    total = sum(counts.values())
    graph = tune(version)
    return {
        **counts,
        "failed_share": counts["failed"] / total if total else 0.0,
        "recall@10": graph and graph.recall_at_10,
        "ef_search": graph and graph.ef_search,
        "logged_queries_measured": graph and graph.queries,
        "relevance_cutoff": version.relevance_cutoff,
    }


def _activate(run: ReindexRun) -> None:
    """End the run and switch over in one transaction, unless it has been cancelled meanwhile."""
    with transaction.atomic():
        if finish(run, ReindexRun.State.DONE):
            (activate if run.activate_when_ready else mark_ready)(run.version)


STEPS: dict[ReindexRun.Step, Callable[[ReindexRun], ReindexRun.Step | None]] = {
    ReindexRun.Step.LOAD: _load,
    ReindexRun.Step.EMBED: _embed,
    ReindexRun.Step.BUILD: _build,
    ReindexRun.Step.VERIFY: _verify,
    ReindexRun.Step.ACTIVATE: _activate,
}
