"""How far two rankings agree, without judgements. Both list ids, best first, each id once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

#: The first ten ranks then make up 86% of rank-biased overlap.
PERSISTENCE = 0.9


def overlap(one: Sequence[Hashable], other: Sequence[Hashable], *, k: int) -> float:
    """The share of the first k that both have, relative to the longer one; 1 for two empty rankings."""
    mine, theirs = set(one[:k]), set(other[:k])
    longer = max(len(mine), len(theirs))
    return len(mine & theirs) / longer if longer else 1.0


def rank_biased_overlap(
    one: Sequence[Hashable], other: Sequence[Hashable], *, persistence: float = PERSISTENCE
) -> float:
    """The overlap at every depth, each weighted by `persistence` times the depth above: 0 disjoint, 1 the same.

    Extrapolated from where the rankings end, which may be at different depths: RBO_EXT, equation 32 of Webber, Moffat &
    Zobel (2010), A similarity measure for indefinite rankings.
    """
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return 0.0 if longer else 1.0
    seen_short: set[Hashable] = set()
    seen_long: set[Hashable] = set()
    common = common_at_shorter = 0
    total = 0.0
    for depth, document in enumerate(longer, start=1):
        seen_long.add(document)
        common += document in seen_short
        if depth <= len(shorter):
            seen_short.add(shorter[depth - 1])
            common += shorter[depth - 1] in seen_long
            common_at_shorter = common
        agreement = common / depth
        if depth > len(shorter):
            agreement += common_at_shorter * (depth - len(shorter)) / (len(shorter) * depth)
        total += agreement * persistence**depth
    tail = (common - common_at_shorter) / len(longer) + common_at_shorter / len(shorter)
    return (1 - persistence) / persistence * total + tail * persistence ** len(longer)
