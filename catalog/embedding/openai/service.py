"""The embeddings endpoint of this site. Whoever knows the settings says where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from catalog.embedding.base import EncoderUnavailable
from catalog.outgoing.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An endpoint, and how much it may be asked at a time."""

    endpoint: Endpoint
    concurrency: int = 4
    """Requests at a time, of each process."""
    batch_texts: int = 128
    """Most texts of one request."""
    batch_tokens: int = 100_000
    """Most tokens of one request."""
    max_tokens: int | None = None
    """Most tokens of one text; None for what is usual of the model."""
    patience_s: float = 60.0
    """For how long a request for documents is tried again."""
    query_patience_s: float = 3.0
    """The same for a query, which somebody is waiting for."""


def _nowhere() -> Service | None:
    return None


_source: Callable[[], Service | None] = _nowhere


def use_service(source: Callable[[], Service | None]) -> None:
    """Ask `source` for the endpoint from now on."""
    global _source
    _source = source


def service() -> Service:
    """Raises EncoderUnavailable when this site has no embeddings endpoint."""
    if (found := _source()) is None:
        raise EncoderUnavailable(
            "This site has no embeddings endpoint: set ENCODER_URL, such as https://api.example.org/v1."
        )
    return found
