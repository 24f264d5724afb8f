"""From pending items to vectors: claim, render, encode, write.

Two batches are on worker threads at a time: while one is computed, the next is split into passages and tokens; while
one is written and another claimed, the next is computed. A GPU therefore waits for neither the database nor the
tokenizer. Database work stays in the caller's thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import OperationalError

from catalog.database.room import lacking
from catalog.embedding.base import Encoder, EncoderUnavailable
from catalog.embedding.registry import encoder_for
from catalog.index.sampling import renew_sample
from catalog.index.vectors import write_passages
from catalog.index.versions import ensure_active_version
from catalog.items.documents import document_hash, render_document
from catalog.models import EmbeddingState, IndexVersion, Item
from catalog.tuning.relevance_cutoff import awaits_cutoff, measure_cutoff
from recommender.space.spaces import place
from workers.claims import Claim, claim, fail, give_back, reclaim_expired
from workers.encoding import Document, Encoded, encode

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Claimed items that are being encoded."""

    started: float
    claims: Sequence[Claim]
    result: Future[Encoded]


def drain(*, until_s: float | None = None) -> int:
    """Embed until nothing is pending, or for about `until_s` seconds; return how many items were written.

    Raises EncoderUnavailable when an encoder is unavailable, after embedding the versions whose encoder is available,
    and OperationalError when the database cannot be used.
    """
    give_up_at = None if until_s is None else time.monotonic() + until_s
    ensure_active_version()
    reclaim_expired()
    written, unavailable = 0, None
    for version in IndexVersion.objects.claimable():
        try:
            written += _drain(version, give_up_at)
        except EncoderUnavailable as error:
            unavailable = error
    if unavailable is not None:
        raise unavailable
    return written


def _drain(version: IndexVersion, give_up_at: float | None) -> int:
    if not EmbeddingState.objects.of(version).pending().exists() and not awaits_cutoff(version):
        return 0
    encoder = encoder_for(version.encoder_spec)
    written = _embed_pending(version, encoder, give_up_at)
    if written:
        renew_sample(version)
    if awaits_cutoff(version):
        measure_cutoff(version, encoder)
    return written


def _embed_pending(version: IndexVersion, encoder: Encoder, give_up_at: float | None) -> int:
    written = 0
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="encode") as threads:
        ahead: Batch | None = None
        while True:
            out_of_time = give_up_at is not None and time.monotonic() >= give_up_at
            batch = None if out_of_time else _begin(version, encoder, threads)
            if ahead is not None:
                try:
                    written += _finish(version, ahead)
                except (EncoderUnavailable, OperationalError):
                    if batch is not None:
                        with suppress(EncoderUnavailable, OperationalError):
                            _finish(version, batch)
                    raise
            elif batch is None:
                return written
            ahead = batch


def _begin(version: IndexVersion, encoder: Encoder, threads: ThreadPoolExecutor) -> Batch | None:
    """Claim items and start encoding them; None when nothing is pending."""
    started = time.monotonic()
    claims = claim(version, limit=settings.EMBEDDING_CLAIM_ITEMS or encoder.texts_at_once)
    if not claims:
        return None
    result = threads.submit(encode, version, encoder, _documents(version, claims))
    return Batch(started=started, claims=claims, result=result)


def _finish(version: IndexVersion, batch: Batch) -> int:
    """Write the encoded items, place them in the trained taste space as well, and record failures.

    When the encoder is unavailable (EncoderUnavailable) or the database has no room (OperationalError), the items are
    not at fault: all of them are given back, and the error is raised.
    """
    try:
        encoded = batch.result.result()
    except EncoderUnavailable:
        give_back(version, batch.claims)
        raise
    for failure in encoded.failures:
        fail(version, [failure.claim], failure.reason)
    try:
        written = write_passages(version, encoded.embedded, duration_s=time.monotonic() - batch.started)
        place(version, [embedded.item_id for embedded in encoded.embedded])
    except OperationalError as error:
        if lacking(error):
            give_back(version, batch.claims)
        raise
    return written


def _documents(version: IndexVersion, claims: Sequence[Claim]) -> list[Document]:
    """The claimed items that still exist, as text; an item that cannot be rendered is recorded as failed."""
    claimed_as = {claimed.item_id: claimed for claimed in claims}
    documents = []
    for item in Item.objects.in_order(claimed_as):
        claimed = claimed_as[item.pk]
        try:
            text = render_document(item, version.document_template)
        except Exception as error:  # templates run arbitrary filters on arbitrary attributes
            fail(version, [claimed], f"The document template fails on this item: {type(error).__name__}: {error}")
            continue
        documents.append(
            Document(
                claim=claimed,
                content_hash=item.content_hash,
                text=text,
                text_hash=document_hash(text),
                image=item.image,
            )
        )
    return documents
