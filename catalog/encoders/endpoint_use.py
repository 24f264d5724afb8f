"""Use of the embeddings endpoint by day, and its cost: counted in memory and saved here from time to time."""

from __future__ import annotations

import logging
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError, connection

from catalog.embedding.openai.use import Use, used

logger = logging.getLogger(__name__)
MILLION = 1_000_000
ADD = """
    INSERT INTO catalog_endpointuse (day, model, requests, texts, tokens, cost)
    VALUES ((now() AT TIME ZONE 'UTC')::date, %s, %s, %s, %s, %s)
    ON CONFLICT (day, model) DO UPDATE SET
        requests = catalog_endpointuse.requests + excluded.requests,
        texts = catalog_endpointuse.texts + excluded.texts,
        tokens = catalog_endpointuse.tokens + excluded.tokens,
        cost = catalog_endpointuse.cost + excluded.cost
"""


def keep_use() -> None:
    """Add what this process has used since the last call to the counts of the day.

    Within a transaction it is left for the next call, since all processes add to the same rows; likewise while the
    database is down.
    """
    if connection.in_atomic_block:
        return
    for model, use in used.take().items():
        try:
            with connection.cursor() as cursor:
                cursor.execute(ADD, [model, use.requests, use.texts, use.tokens, cost_of(use)])
        except DatabaseError as error:
            used.add(model, use)
            logger.warning("Usage of the embeddings endpoint will be saved later: %s", error)


def cost_of(use: Use) -> Decimal:
    """At ENCODER_PRICE; 0 if that is not set."""
    return use.tokens * Decimal(str(settings.ENCODER_PRICE)) / MILLION
