"""Why a hit is where it is."""

from __future__ import annotations

import pytest

from catalog.search import search
from catalog.search.queries import SearchQuery
from catalog.views.evidence import evidence_of
from tests.factories import add_vector, make_item, make_version


@pytest.mark.django_db
def test_without_a_text_meaning_can_add_the_whole_score():
    version = make_version()
    add_vector(version, make_item("a"), [1, 0, 0])
    results = search(SearchQuery(vector=(1.0, 0.0, 0.0), semantic_ratio=0.5, explain=True))
    (hit,) = results.hits
    evidence = evidence_of(hit, results)
    assert evidence is not None
    assert evidence.meaning_share == pytest.approx(100 * hit.score, abs=0.1)
    assert evidence.words_share == 0
