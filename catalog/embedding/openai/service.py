"""The embeddings endpoint of this site, supplied by whatever code knows the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from catalog.embedding.base import EncoderUnavailable
from catalog.outgoing.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An endpoint, and the limits on its use."""

    endpoint: Endpoint
    concurrency: int = 4
    """Concurrent requests per process."""
    batch_texts: int = 128
    """Most texts in one request."""
    batch_tokens: int = 100_000
    """Most tokens in one request."""
    max_tokens: int | None = None
    """Most tokens in one text; None for the model's usual limit."""
    patience_s: float = 60.0
    """How long a request for documents is retried."""
    query_patience_s: float = 3.0
    """The same for a query, which somebody is waiting for."""


def _nowhere() -> Service | None:
    return None


_source: Callable[[], Service | None] = _nowhere


def use_service(source: Callable[[], Service | None]) -> None:
    """Get the endpoint from `source` from now on."""
    global _source
    _source = source


def service() -> Service:
    """Raises EncoderUnavailable if this site has no embeddings endpoint."""
    if (found := _source()) is None:
        raise EncoderUnavailable(
            "This site has no embeddings endpoint. Set ENCODER_URL, for example https://api.example.org/v1."
        )
    return found
