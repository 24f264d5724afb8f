"""The centre of an index version's vectors, measured again as the catalogue grows."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.index import sizes
from catalog.models import IndexVersion
from recommender.vectors import centre_of, renew_centre
from tests.factories import add_passages, analyse, make_items, make_version
from tests.recommender.spaces import DIMENSIONS, along

pytestmark = pytest.mark.django_db


def add(version: IndexVersion, name: str, axis: int, count: int) -> None:
    ids = make_items([{"external_id": f"{name} {number}", "title": name} for number in range(count)])
    add_passages(version, {item_id: [along(axis)] for item_id in ids.values()})


@pytest.fixture(params=[sizes.COUNTED_UP_TO, 8], ids=["counted", "estimated"])
def shelf(request, monkeypatch) -> IndexVersion:
    """A version with the passages of ten items, all of one kind, and its centre."""
    monkeypatch.setattr(sizes, "COUNTED_UP_TO", request.param)
    version = make_version(dimensions=DIMENSIONS)
    add(version, "robot", 0, 10)
    analyse(version)
    assert renew_centre(version) is not None
    return version


def test_a_centre_is_kept_until_the_passages_have_doubled(shelf):
    add(shelf, "whale", 1, 9)
    analyse(shelf)
    assert renew_centre(shelf) is None


def test_a_centre_follows_what_the_catalogue_grows_into(shelf):
    add(shelf, "whale", 1, 30)
    analyse(shelf)
    assert renew_centre(shelf) is not None
    centre = centre_of(shelf)
    assert centre is not None
    assert np.allclose(centre.vector, (10 * np.array(along(0)) + 30 * np.array(along(1))) / 40, atol=1e-3)
