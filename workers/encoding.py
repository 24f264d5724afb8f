"""Claimed items as vectors: split into passages and encoded together. No database access here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from catalog.embedding.base import Encoder, FloatArray, ImageEncoder
from catalog.index.vectors import EmbeddedItem
from catalog.items.passages import Span, split_passages
from catalog.models import IndexVersion
from workers.claims import Claim
from workers.halving import Refused, encode_halving
from workers.pictures import pictures_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A claimed item as text."""

    claim: Claim
    content_hash: str
    text: str
    text_hash: str
    image: str = ""
    """The address of its picture."""

    @property
    def unchanged(self) -> bool:
        """Whether the stored vectors were made from exactly this text."""
        return self.text_hash == self.claim.document_hash

    def embedded(self, **passages: object) -> EmbeddedItem:
        return EmbeddedItem(
            item_id=self.claim.item_id,
            token=self.claim.token,
            content_hash=self.content_hash,
            document_hash=self.text_hash,
            **passages,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why one item could not be embedded."""

    claim: Claim
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    embedded: tuple[EmbeddedItem, ...] = ()
    failures: tuple[Failure, ...] = ()

    def __add__(self, other: Encoded) -> Encoded:
        return Encoded(embedded=self.embedded + other.embedded, failures=self.failures + other.failures)


def encode(version: IndexVersion, encoder: Encoder, documents: Sequence[Document]) -> Encoded:
    """Encode the documents and pictures that have changed; the others keep their vectors.

    Raises EncoderUnavailable, which is no document's fault.
    """
    with pictures_of(documents if isinstance(encoder, ImageEncoder) else ()) as pictures:
        unchanged = Encoded(embedded=tuple(document.embedded() for document in documents if document.unchanged))
        texts = unchanged + _encode(version, encoder, [document for document in documents if not document.unchanged])
        seen = pictures.embedded(encoder) if isinstance(encoder, ImageEncoder) else {}
    return replace(texts, embedded=tuple(replace(item, picture=seen.get(item.item_id)) for item in texts.embedded))


def _encode(version: IndexVersion, encoder: Encoder, documents: Sequence[Document]) -> Encoded:
    embedded, failures = [], []
    results = encode_halving(partial(_encode_together, version, encoder), documents)
    for document, result in zip(documents, results, strict=True):
        if isinstance(result, Refused):
            logger.warning("Item %s could not be embedded for %s: %s", document.claim.item_id, version, result.reason)
            failures.append(Failure(claim=document.claim, reason=result.reason))
        else:
            embedded.append(result)
    return Encoded(embedded=tuple(embedded), failures=tuple(failures))


def _encode_together(version: IndexVersion, encoder: Encoder, documents: Sequence[Document]) -> Iterator[EmbeddedItem]:
    """Encode the passages of all documents in one call."""
    spans = [
        split_passages(
            document.text, offsets, window_tokens=version.window_tokens, overlap_tokens=version.overlap_tokens
        )
        for document, offsets in zip(
            documents, encoder.token_offsets([document.text for document in documents]), strict=True
        )
    ]
    vectors = encoder.encode_documents(
        [document.text[span.start : span.end] for document, own in zip(documents, spans, strict=True) for span in own]
    )
    return _share(documents, spans, vectors)


def _share(documents: Sequence[Document], spans: Sequence[list[Span]], vectors: FloatArray) -> Iterator[EmbeddedItem]:
    """Give each document the vectors of its own spans."""
    first = 0
    for document, own in zip(documents, spans, strict=True):
        yield document.embedded(spans=own, vectors=vectors[first : first + len(own)])
        first += len(own)
