"""The embedding server: vectors for other programs' texts, without ever making a search wait long."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from catalog.embedding.base import Encoder, EncoderError, FloatArray
from catalog.embedding.bulk import count_tokens, encode_in_slices, leading_dimensions
from catalog.embedding.query_vectors import queries_of
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.index.versions import room_tokens
from catalog.models import IndexVersion


class EmbeddingsBusy(EncoderError):
    """The server is already handling as many embeddings requests as it can. Try again in a moment."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequest:
    """What to embed, and how."""

    texts: Sequence[str]
    as_queries: bool = False
    """Prefix each text with the version's query prompt instead of its document prompt."""
    dimensions: int | None = None
    """Keep this many leading dimensions and normalise again."""
    truncate: bool = False
    """Cut texts that are too long, instead of refusing them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Vectors of shape (n, dimensions) and length 1, and the number of tokens read."""

    vectors: FloatArray
    tokens: int


def embed(version: IndexVersion, request: EmbeddingRequest) -> Embeddings:
    """Encode texts as the version encodes its own.

    Raises InvalidQuery, EncoderUnavailable, EncodingFailed, and EmbeddingsBusy.
    """
    encoder = encoder_for(version.encoder_spec, wait_s=settings.QUERY_ENCODER_WAIT_S)
    if request.dimensions is not None and request.dimensions > encoder.dimensions:
        reason = f"This model has {encoder.dimensions} dimensions, but {request.dimensions} were requested."
        raise InvalidQuery(reason, field="dimensions", code="too_many_dimensions")
    with _place():
        turns = queries_of(encoder)  # type: ignore[arg-type]
        tokens = _checked_tokens(request, encoder, count_tokens(encoder, request.texts, turns=turns))
        vectors = encode_in_slices(encoder, request.texts, tokens=tokens, as_queries=request.as_queries, turns=turns)
    return Embeddings(vectors=leading_dimensions(vectors, request.dimensions or encoder.dimensions), tokens=sum(tokens))


def _checked_tokens(request: EmbeddingRequest, encoder: Encoder, counts: Sequence[int]) -> list[int]:
    """How many tokens of each text are read. Raises InvalidQuery if one text, or all together, exceed the limits."""
    prompt = encoder.spec.query_prompt if request.as_queries else encoder.spec.document_prompt
    room = room_tokens(encoder, prompt=prompt)
    longest = max(counts)
    if longest > room and not request.truncate:
        reason = f"Input {counts.index(longest)} has {longest:,} tokens, but this model reads {room:,} per text."
        raise InvalidQuery(
            f"{reason} Split it into passages, or send truncate: true.", field="input", code="input_too_long"
        )
    tokens = [min(count, room) for count in counts]
    if sum(tokens) > settings.EMBEDDINGS_MAX_TOKENS:
        reason = (
            f"These inputs have {sum(tokens):,} tokens; a request may have at most {settings.EMBEDDINGS_MAX_TOKENS:,}."
        )
        raise InvalidQuery(reason, field="input", code="too_many_tokens")
    return tokens


_lock = threading.Lock()
_running = 0


@contextmanager
def _place() -> Iterator[None]:
    """One of the few requests that may run at a time, so that the web server has threads left for searches."""
    global _running
    with _lock:
        if _running >= settings.EMBEDDINGS_CONCURRENCY:
            raise EmbeddingsBusy
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1
