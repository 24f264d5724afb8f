"""The external endpoint that encodes for this site, if its settings name one (ENCODER_URL)."""

from __future__ import annotations

from django.conf import settings

from catalog.embedding.openai.service import Service
from catalog.outgoing.endpoint import Endpoint

# A hundred texts of three thousand dimensions, written out as decimal numbers.
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024


def embeddings_endpoint() -> Service | None:
    """How to call the endpoint, from the settings; None if there is none."""
    if not settings.ENCODER_URL:
        return None
    return Service(
        endpoint=Endpoint(
            url=settings.ENCODER_URL,
            api_key=settings.ENCODER_API_KEY,
            allow_private=settings.ENCODER_ALLOW_PRIVATE,
            read_timeout_s=settings.ENCODER_TIMEOUT_S,
            deadline_s=settings.ENCODER_TIMEOUT_S,
            max_response_bytes=LARGEST_ANSWER_BYTES,
        ),
        concurrency=settings.ENCODER_CONCURRENCY,
        batch_texts=settings.ENCODER_BATCH_TEXTS,
        batch_tokens=settings.ENCODER_BATCH_TOKENS,
        max_tokens=settings.ENCODER_MAX_TOKENS or None,
        patience_s=2 * settings.ENCODER_TIMEOUT_S,
    )
