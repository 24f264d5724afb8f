"""Fixtures of the catalogue's tests."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from catalog.embedding.reranker import reranker_for
from catalog.search.reranking import reranker_spec
from tests.checkpoints import write_cross_encoder
from tests.databases import committed_db, films, films_database, template_database
from tests.factories import make_items

__all__ = ["committed_db", "films", "films_database", "template_database"]
NOUNS = ("dog", "robot", "ghost", "city", "hedgehog", "train", "boat")
PLACES = ("sea", "fog", "rain", "storm", "winter", "harbour", "night", "war")
STORIES = len(NOUNS) * len(PLACES)


@pytest.fixture
def three_items(db):
    """`whale` is in two of the three items. Lengths count title words twice: 3, 5 and 4, so 4 on average."""
    return make_items(
        [
            {"external_id": "whale", "title": "Whale", "body": "whale"},
            {"external_id": "voyage", "title": "Voyage", "body": "ship harbour whale"},
            {"external_id": "kitchen", "title": "Kitchen", "body": "spoon fork"},
        ]
    )


@pytest.fixture
def reranker(settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A site whose reranker is loaded and has all the time it needs."""
    settings.RERANK_MODEL = str(write_cross_encoder(tmp_path_factory.mktemp("cross") / "model"))
    settings.RERANK_BUDGET_MS = 60_000.0
    spec = reranker_spec()
    assert spec is not None
    reranker_for(spec)
    cache.clear()


@pytest.fixture
def stories(db: None) -> None:
    """More items than are reranked, all containing the word story, some more often than others."""
    make_items(
        [
            {"external_id": f"{noun}-{place}", "title": f"{noun} {place}", "body": "story " * (1 + number % 5) + noun}
            for number, (noun, place) in enumerate((noun, place) for noun in NOUNS for place in PLACES)
        ]
    )
