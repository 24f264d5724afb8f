"""Who gets which variant."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from recommender.serving.scenarios import PLAIN
from recommender.serving.splitting import Split, Variant, point_of, variant_at

SALT = UUID(int=5)


def variants(*shares: float) -> tuple[Variant, ...]:
    return tuple(Variant(name=str(place), share=share, settings=PLAIN) for place, share in enumerate(shares))


@pytest.mark.parametrize(
    ("point", "name"), [(0.0, "0"), (0.499, "0"), (0.5, "1"), (0.749, "1"), (0.75, "2"), (0.9999, "2")]
)
def test_shares_cut_the_stretch_into_pieces(point, name):
    assert variant_at(point, variants(0.5, 0.25, 0.25)).name == name
    assert variant_at(point, variants(2, 1, 1)).name == name


def test_a_point_is_the_first_bits_of_a_hash():
    digest = hashlib.sha256(f"{SALT}:17".encode()).hexdigest()
    assert point_of(SALT, 17) == pytest.approx(int(digest[:16], 16) / 2**64)


def test_people_are_split_by_the_shares_and_each_experiment_splits_anew():
    mine = [variant_at(point_of(SALT, unit), variants(0.8, 0.2)).name for unit in range(5_000)]
    assert 0.78 < mine.count("0") / 5_000 < 0.82
    others = [variant_at(point_of(UUID(int=6), unit), variants(0.8, 0.2)).name for unit in range(5_000)]
    both = sum(one == other == "1" for one, other in zip(mine, others, strict=True))
    assert 0.02 < both / 5_000 < 0.06


def test_nobody_is_recognised_from_one_experiment_in_another():
    one, other = (Split(experiment_id=pk, name="a", salt=SALT, variants=variants(1, 1)) for pk in (1, 2))
    assert one.pseudonym(17) == one.pseudonym(17) != other.pseudonym(17)
    assert one.variant_of(17) == one.variant_of(17)
