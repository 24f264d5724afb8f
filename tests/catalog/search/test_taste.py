"""A taste shifts results according to their vectors, and the explanation says by how much."""

import numpy as np
import pytest

from catalog.search import SearchQuery, search
from catalog.search.taste import LARGEST_PART, NEAR_CLOSENESS, Taste
from tests.factories import add_passages, make_items, make_version


@pytest.fixture
def version(db):
    return make_version()


@pytest.fixture
def ids(version):
    """Two items equally close to the query; one lies east, where the taste is, the other west."""
    ids = make_items([{"external_id": name, "title": "Whale"} for name in ("west", "east", "blank")])
    add_passages(version, {ids["west"]: [[-0.6, 0.8, 0]], ids["east"]: [[0.6, 0.8, 0]]})
    return ids


def taste(version):
    return Taste(version_id=version.pk, vector=np.array([1.0, 0, 0]), centre=np.array([0.1, 0, 0]), spread=0.5)


def found(**options):
    return search(SearchQuery(text="whale", vector=(0.0, 1.0, 0.0), explain=True, **options))


def test_what_is_closer_to_the_taste_comes_first(version, ids):
    plain = found().hits
    assert {hit.item.external_id for hit in plain[:2]} == {"west", "east"}
    assert plain[0].score == plain[1].score
    assert [hit.item.external_id for hit in found(taste=taste(version)).hits] == ["east", "west", "blank"]


def test_the_explanation_says_what_the_taste_adds_and_takes(version, ids):
    east, west, blank = found(taste=taste(version)).hits
    # (.6 - .1) / .5 = 1 and (-.6 - .1) / .5 = -1.4 times the chance closeness.
    assert east.explanation.taste == pytest.approx(LARGEST_PART * np.tanh(1 / NEAR_CLOSENESS), abs=1e-4)
    assert west.explanation.taste == pytest.approx(LARGEST_PART * np.tanh(-1.4 / NEAR_CLOSENESS), abs=1e-4)
    assert blank.explanation.taste == 0
    for hit in (east, west, blank):
        why = hit.explanation
        parts = why.keyword_contribution + why.semantic_contribution + why.taste + why.boost
        assert hit.score == pytest.approx(parts)


def test_a_taste_of_another_version_does_nothing(version, ids):
    other = make_version(state="building")
    assert found(taste=taste(other)).hits == found().hits


def test_totals_and_closeness_are_those_without_the_taste(version, ids):
    plain, personal = found(), found(taste=taste(version))
    assert (plain.total, plain.close_total) == (personal.total, personal.close_total)
    assert {hit.item.pk: hit.close for hit in plain.hits} == {hit.item.pk: hit.close for hit in personal.hits}
