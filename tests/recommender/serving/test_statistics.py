"""Intervals, differences and the check of the split, against numbers worked out by hand."""

from __future__ import annotations

from math import exp, sqrt

import pytest

from recommender.serving.statistics import Sums, Z, difference, rate_interval, sample_ratio_p, wilson


def sums_of(*people: tuple[int, int]) -> Sums:
    """The sums for people with this many lists each, and this many of them clicked."""
    return Sums(
        people=len(people),
        n=sum(n for n, _ in people),
        c=sum(c for _, c in people),
        nn=sum(n * n for n, _ in people),
        cc=sum(c * c for _, c in people),
        nc=sum(n * c for n, c in people),
    )


def test_wilsons_interval_of_one_in_ten():
    # Newcombe (1998) gives .0179 to .4042 for 1 of 10.
    found = wilson(1, 10)
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx((0.1, 0.0179, 0.4042), abs=1e-4)


def test_wilsons_interval_stays_between_none_and_all():
    none, every = wilson(0, 5), wilson(5, 5)
    assert none is not None
    assert every is not None
    assert none.low == 0
    assert none.high == pytest.approx(Z * Z / (5 + Z * Z))
    assert (every.low, every.high) == pytest.approx((1 - none.high, 1))
    assert wilson(0, 0) is None


def test_a_rate_of_people_with_one_list_each_is_that_of_a_share():
    # Four of eight clicked: the sample variance is 8 * (1/4) / 7 = 2/7, and that of the mean 1/28.
    found = rate_interval(sums_of(*[(1, 1)] * 4, *[(1, 0)] * 4))
    assert found is not None
    assert found.estimate == 0.5
    assert found.low == pytest.approx(0.5 - Z * sqrt(1 / 28))


def test_lists_of_one_person_are_not_taken_for_so_many_people():
    # c - r n is 5, -5: a sample variance of 50, over 2 people of 10 lists each: 50 / (2 * 100) = 1/4.
    found = rate_interval(sums_of((10, 10), (10, 0)))
    assert found is not None
    assert found.high - found.estimate == pytest.approx(min(Z * sqrt(1 / 4), 0.5))
    many = rate_interval(sums_of(*[(1, 1)] * 10, *[(1, 0)] * 10))
    assert many is not None
    assert many.high - many.estimate < 0.25


def test_the_variance_of_a_difference_is_the_sum_of_both():
    control, variant = sums_of((1, 0), (1, 0), (1, 0), (1, 1)), sums_of((1, 1), (1, 1), (1, 1), (1, 0))
    # Each: variance of 1, 0, 0, 0 is 1/4, of the mean 1/16.
    found = difference(control, variant)
    assert found is not None
    assert found.estimate == 0.5
    assert (found.low, found.high) == pytest.approx((0.5 - Z * sqrt(1 / 8), 0.5 + Z * sqrt(1 / 8)))


def test_too_few_people_have_no_interval():
    assert rate_interval(sums_of((5, 2))) is None
    assert difference(sums_of((5, 2)), sums_of((1, 1), (1, 0))) is None
    assert rate_interval(sums_of()) is None


def test_the_chi_square_test_of_a_split():
    # 60 to 40 for equal shares: chi-square 4 with one degree of freedom, p = .0455.
    assert sample_ratio_p([60, 40], [0.5, 0.5]) == pytest.approx(0.0455, abs=1e-4)
    # Three ways, two degrees of freedom: p = exp(-x / 2), x = (20^2 + 0 + 20^2) / 100 = 8.
    assert sample_ratio_p([120, 100, 80], [1, 1, 1]) == pytest.approx(exp(-4))
    assert sample_ratio_p([900, 100], [0.9, 0.1]) == 1
    assert sample_ratio_p([0, 0], [0.5, 0.5]) == 1
    assert sample_ratio_p([600, 400], [0.5, 0.5]) < 0.001
