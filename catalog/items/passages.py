"""Documents cut into passages: overlapping windows of tokens that preferably end at the end of a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SENTENCE_END = re.compile(r"[.!?…。！？]['\")\]»”]*\s|\n")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` up to `end` of a document."""

    start: int
    end: int


def split_passages(
    text: str, offsets: Sequence[tuple[int, int]], *, window_tokens: int, overlap_tokens: int
) -> list[Span]:
    """Cut `text` into spans of at most `window_tokens` tokens, given its token offsets.

    Each span but the first begins `overlap_tokens` before the end of the previous one. A window ends at the last
    sentence end within its final quarter, if there is one. A document without tokens has no passages. Raises ValueError
    if the overlap leaves no room to advance.
    """
    if not 0 <= overlap_tokens * 2 <= window_tokens:
        raise ValueError("The overlap may be at most half the window.")
    spans: list[Span] = []
    first = 0
    while first < len(offsets):
        last = min(first + window_tokens, len(offsets))
        if last < len(offsets):
            last = _sentence_end(text, offsets, first + (3 * window_tokens + 3) // 4, last)
        spans.append(Span(offsets[first][0], offsets[last - 1][1]))
        if last == len(offsets):
            break
        first = max(last - overlap_tokens, first + 1)
    return spans


def _sentence_end(text: str, offsets: Sequence[tuple[int, int]], earliest: int, latest: int) -> int:
    """The last token count in earliest..latest after which a sentence ends, otherwise `latest`."""
    for count in range(latest, earliest - 1, -1):
        if SENTENCE_END.match(text, max(offsets[count - 1][1] - 1, 0)):
            return count
    return latest
