"""Batches of texts by their cost in padded tokens."""

from __future__ import annotations

from collections.abc import Sequence


def batches_by_tokens(lengths: Sequence[int], *, budget_tokens: int) -> list[list[int]]:
    """Group the indices of `lengths`, longest texts first, so that longest x count stays within the budget.

    Similar lengths share a batch, so there is little padding. A text longer than the budget is a batch of its own. The
    longest go first, so that a batch that does not fit into memory shows up at once.
    """
    batches: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index], reverse=True):
        if not batches or longest * (len(batches[-1]) + 1) > budget_tokens:
            batches.append([])
            longest = lengths[index]
        batches[-1].append(index)
    return batches
