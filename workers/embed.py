"""From pending items to vectors: claim, render, encode, write."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from catalog.documents import document_hash, render_document
from catalog.embedding.base import Encoder, EncoderUnavailable, EncodingFailed
from catalog.embedding.registry import encoder_for
from catalog.indexing import ensure_active_version
from catalog.models import IndexVersion, Item
from catalog.passages import Span, split_passages
from catalog.vectors import EmbeddedItem, write_passages
from workers.claims import Claim, claim, fail, reclaim_expired, release

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A claimed item as text."""

    claim: Claim
    content_hash: str
    text: str
    text_hash: str

    @property
    def unchanged(self) -> bool:
        """Whether this very text is what the stored vectors were made from."""
        return self.text_hash == self.claim.document_hash

    def embedded(self, **passages: object) -> EmbeddedItem:
        return EmbeddedItem(
            item_id=self.claim.item_id,
            token=self.claim.token,
            content_hash=self.content_hash,
            document_hash=self.text_hash,
            **passages,  # type: ignore[arg-type]
        )


def drain(*, until_s: float | None = None) -> int:
    """Embed until nothing is pending, or for about `until_s` seconds; return how many items were written.

    Raises EncoderUnavailable when an encoder cannot be had; its claims are given back first.
    """
    started = time.monotonic()
    written = 0
    ensure_active_version()
    reclaim_expired()
    while (batch := _next_batch()) is not None:
        version, claims = batch
        written += embed_claims(version, claims)
        if until_s is not None and time.monotonic() - started >= until_s:
            break
    return written


def _next_batch() -> tuple[IndexVersion, list[Claim]] | None:
    for version in IndexVersion.objects.claimable():
        if claims := claim(version, limit=settings.EMBEDDING_CLAIM_ITEMS):
            return version, claims
    return None


def embed_claims(version: IndexVersion, claims: Sequence[Claim]) -> int:
    """Embed claimed items and write them; what fails alone is set aside with its reason."""
    started = time.monotonic()
    try:
        encoder = encoder_for(version.encoder_spec)
    except EncoderUnavailable:
        release(version, claims)
        raise
    documents = _documents(version, claims)
    embedded = [document.embedded() for document in documents if document.unchanged]
    embedded += _encode(version, encoder, [document for document in documents if not document.unchanged])
    return write_passages(version, embedded, duration_s=time.monotonic() - started)


def _documents(version: IndexVersion, claims: Sequence[Claim]) -> list[Document]:
    items = Item.objects.in_bulk([claim.item_id for claim in claims])
    documents = []
    for claimed in claims:
        if (item := items.get(claimed.item_id)) is not None:
            text = render_document(item, version.document_template)
            documents.append(
                Document(claim=claimed, content_hash=item.content_hash, text=text, text_hash=document_hash(text))
            )
    return documents


def _encode(version: IndexVersion, encoder: Encoder, documents: Sequence[Document]) -> list[EmbeddedItem]:
    """Encode all passages of these documents together; on failure halve, until the one at fault is alone."""
    if not documents:
        return []
    try:
        spans = _spans(version, encoder, documents)
        texts = [
            document.text[span.start : span.end] for document, own in zip(documents, spans, strict=True) for span in own
        ]
        vectors = encoder.encode_documents(texts)
    except EncodingFailed as error:
        if len(documents) == 1:
            logger.warning("Item %s could not be embedded: %s", documents[0].claim.item_id, error)
            fail(version, [documents[0].claim], str(error))
            return []
        middle = len(documents) // 2
        return _encode(version, encoder, documents[:middle]) + _encode(version, encoder, documents[middle:])
    embedded, first = [], 0
    for document, own in zip(documents, spans, strict=True):
        embedded.append(document.embedded(spans=own, vectors=vectors[first : first + len(own)]))
        first += len(own)
    return embedded


def _spans(version: IndexVersion, encoder: Encoder, documents: Sequence[Document]) -> list[list[Span]]:
    return [
        split_passages(
            document.text, offsets, window_tokens=version.window_tokens, overlap_tokens=version.overlap_tokens
        )
        for document, offsets in zip(
            documents, encoder.token_offsets([document.text for document in documents]), strict=True
        )
    ]
