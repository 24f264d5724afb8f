"""Repairs made every few seconds or minutes, in case an event was missed."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import OperationalError
from django.utils import timezone

from catalog.index.partitions import drop_retired
from catalog.index.versions import add_missing_states
from catalog.models import EmbeddingBatch, EmbeddingState, IndexVersion
from catalog.tuning.ef_search import awaits_tuning, tune
from catalog.tuning.relevance_cutoff import awaits_cutoff
from workers.claims import reclaim_expired, retry_pictures

logger = logging.getLogger(__name__)
BATCHES_KEPT = timedelta(days=1)


def work_waits() -> bool:
    """Reclaim expired leases and pictures due for a retry, and return whether there is work for an encoder: items to
    embed, a version whose cutoff is to be measured, or no version yet."""
    reclaim_expired()
    retry_pictures()
    if EmbeddingState.objects.claimable().exists() or IndexVersion.objects.active() is None:
        return True
    return any(map(awaits_cutoff, IndexVersion.objects.claimable()))


def tune_graphs() -> None:
    """Measure graphs again that have outgrown their search depth."""
    for version in IndexVersion.objects.complete():
        if awaits_tuning(version):
            tune(version)


def reconcile() -> None:
    """The slower repairs: items without a ledger row, and what retired versions left behind."""
    for version in IndexVersion.objects.live():
        add_missing_states(version)
    EmbeddingBatch.objects.finished_before(timezone.now() - BATCHES_KEPT).delete()
    try:
        drop_retired()
    except OperationalError as error:
        logger.info("A retired version is still in use and will be dropped later: %s", error)
