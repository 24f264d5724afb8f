"""Keeps the encoders that queries need, now or after the next switch of versions, loaded in a web process.

Also the reranker, if the site has one.
"""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, connection

from catalog.embedding.base import EncoderError
from catalog.embedding.query_vectors import query_vector
from catalog.embedding.reranker import reranker_for
from catalog.encoders.endpoint_use import keep_use
from catalog.index.versions import new_version
from catalog.models import IndexVersion
from catalog.search.reranking import reranker_spec

logger = logging.getLogger(__name__)
LOOK_EVERY_S = 15.0
#: The first text through a model takes longer than any later one.
FIRST_TEXT = "first query"
FIRST_TEXT_S = 60.0


def load_query_encoders() -> None:
    """Load the encoder of every live version; if there is none, the encoder that the first will be made with."""
    for version in list(IndexVersion.objects.live()) or [new_version()]:
        try:
            query_vector(version.encoder_spec, FIRST_TEXT)
        except EncoderError as error:
            logger.warning("%s cannot answer queries by meaning: %s", version, error)
    load_reranker()


def load_reranker() -> None:
    """Load the site's reranker, if it has one."""
    if (spec := reranker_spec()) is None:
        return
    try:
        reranker_for(spec).scores(FIRST_TEXT, [FIRST_TEXT], budget_s=FIRST_TEXT_S)
    except EncoderError as error:
        logger.warning("Hits cannot be reranked: %s", error)


def keep_query_encoders_loaded() -> None:
    """Start a thread that looks for new versions for the lifetime of the process, and return."""
    threading.Thread(target=_look_again_and_again, name="query encoders", daemon=True).start()


def _look_again_and_again() -> None:
    pause = threading.Event()
    while True:
        try:
            load_query_encoders()
            keep_use()
        except (DatabaseError, EncoderError) as error:
            logger.warning("The query encoders cannot be checked for now: %s", error)
        finally:
            connection.close()
        pause.wait(LOOK_EVERY_S)
