"""Which candidates are close to a query, and whether they are all the close items of the catalogue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.search import dense
from catalog.search.candidates import Candidates
from catalog.search.keywords import KEYWORD_ITEMS, keyword_leg
from catalog.search.lexical import Words
from catalog.search.reading import Reading

#: An item that holds at least this share of the weight of the query's words is close, whatever its meaning.
CLOSE_WORDS = 0.6


def close_ones(candidates: Candidates, reading: Reading) -> npt.NDArray[np.bool_]:
    """Which candidates are close: by meaning, by words, or because they hold the query's phrases."""
    if reading.phrases:  # every candidate holds them
        return np.ones(len(candidates.item_ids), dtype=bool)
    close = candidates.cosines >= dense.cutoff(reading.version)
    if reading.words.terms:
        close |= _close_by_words(candidates, reading.words)
    return close


def is_exhaustive(candidates: Candidates, reading: Reading) -> bool:
    """Whether no close item is missing among the candidates.

    None is missing by meaning if the dense leg read as far as passages that are not close. None is missing by words if
    the keyword leg, which finds the best ones, found fewer than it may or only ones that are not close at its end.
    """
    if candidates.scope_size <= len(candidates.item_ids):
        return True
    if reading.phrases or candidates.edge >= dense.cutoff(reading.version):
        return False
    return reading.ratio == 1 or not reading.words.terms or _has_all_close_by_words(candidates, reading)


def _has_all_close_by_words(candidates: Candidates, reading: Reading) -> bool:
    words = reading.words
    sought = {term.slot: term.idf for term in keyword_leg().sought(words, alone=reading.vector is None)}
    if words.total_idf - sum(sought.values()) >= CLOSE_WORDS * words.total_idf:
        return False
    holding = np.flatnonzero(candidates.matched_idf > 0)
    if len(holding) < KEYWORD_ITEMS:
        return True
    best_first = holding[np.argsort(-candidates.keyword_scores[holding], kind="stable")]
    last = best_first[KEYWORD_ITEMS // 2 : KEYWORD_ITEMS]
    return not _close_by_words(candidates, words)[last].any()


def _close_by_words(candidates: Candidates, words: Words) -> npt.NDArray[np.bool_]:
    return candidates.matched_idf >= CLOSE_WORDS * words.total_idf
