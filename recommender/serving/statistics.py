"""What an experiment's counts show: intervals, differences, and whether the split worked. No database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

#: 95% of a normal distribution lies within this many standard deviations.
Z = 1.959964
#: A split less probable than this under chance did not work as it should.
MISMATCH = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and its 95% confidence interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums over the people of a variant, each of whom was shown n lists and opened something in c of them."""

    people: int
    n: float
    c: float
    nn: float
    """The sum of n squared; `cc` is that of c squared, and `nc` that of n times c."""
    cc: float
    nc: float

    @property
    def rate(self) -> float:
        return self.c / self.n if self.n else 0.0


def wilson(successes: int, trials: int) -> Interval | None:
    """The score interval of a proportion (Wilson, 1927); None without a trial."""
    if not trials:
        return None
    share, square = successes / trials, Z * Z
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    return Interval(estimate=share, low=max(0.0, centre - half), high=min(1.0, centre + half))


def rate_variance(sums: Sums) -> float | None:
    """The variance of the rate c / n when people, not lists, were split: the lists of one person are correlated.

    The delta method (Deng et al., 2018, doi:10.1145/3219819.3219919). None with fewer than two people.
    """
    if sums.people < 2 or not sums.n:
        return None
    people, mean_n, rate = sums.people, sums.n / sums.people, sums.rate
    # The sample variance of c - rate * n, whose sum is zero.
    spread = (sums.cc - 2 * rate * sums.nc + rate * rate * sums.nn) / (people - 1)
    return max(spread, 0.0) / (people * mean_n * mean_n)


def rate_interval(sums: Sums) -> Interval | None:
    variance = rate_variance(sums)
    if variance is None:
        return None
    half = Z * sqrt(variance)
    return Interval(estimate=sums.rate, low=max(0.0, sums.rate - half), high=min(1.0, sums.rate + half))


def difference(control: Sums, variant: Sums) -> Interval | None:
    """How far a variant's rate is above the control's; None if either has too few people."""
    variances = rate_variance(control), rate_variance(variant)
    if variances[0] is None or variances[1] is None:
        return None
    estimate, half = variant.rate - control.rate, Z * sqrt(variances[0] + variances[1])
    return Interval(estimate=estimate, low=estimate - half, high=estimate + half)


def sample_ratio_p(people: Sequence[int], shares: Sequence[float]) -> float:
    """The probability that chance alone splits people at least this far from their shares: Pearson's chi-square test.

    1 if there is nothing to compare.
    """
    from scipy.special import gammaincc

    total = sum(people)
    if not total or len(people) < 2:
        return 1.0
    expected = [total * share / sum(shares) for share in shares]
    statistic = sum((seen - due) ** 2 / due for seen, due in zip(people, expected, strict=True))
    return float(gammaincc((len(people) - 1) / 2, statistic / 2))
