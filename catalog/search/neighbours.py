"""Words of a query that stand side by side in an item's text, in the order of the query.

Names and set phrases do. This is the ordered part of the sequential dependence model (Metzler & Croft, "A Markov random
field model for term dependencies", SIGIR 2005), weighted by the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from django.db import connection

from catalog.search.candidates import Candidates
from catalog.search.highlight import WORD
from catalog.search.lexical import Words, fold

#: How many items are read, those that match the words best, and how much of each text.
ITEMS_READ, CHARACTERS_READ = 50, 2_000
#: The most pairs looked for; the heaviest ones are chosen.
MOST_PAIRS = 16

TEXTS_SQL = """
    SELECT id, title, left(body, %s), catalog_attributes_text(category, attributes) FROM catalog_item WHERE id = ANY(%s)
"""
# What may stand, besides a space, between two words of a text that are side by side.
SPACES = str.maketrans(dict.fromkeys("-\u2010\u2011\n\t", " "))


def neighbour_shares(text: str, words: Words, candidates: Candidates) -> npt.NDArray[np.float64]:
    """For each candidate, the share of the query's pairs of neighbours, by weight, that its text has side by side.

    From 0 to 1; 0 for an item that is not read. One statement, none for a query without pairs.
    """
    shares = np.zeros(len(candidates.item_ids))
    pairs = pairs_of(text, words)
    if not pairs:
        return shares
    matching = np.flatnonzero(candidates.matched_idf > 0)
    best = matching[np.argsort(-candidates.keyword_scores[matching], kind="stable")][:ITEMS_READ]
    texts = _texts(candidates.item_ids[best].tolist())
    total = sum(pairs.values())
    for at in best:
        found = texts.get(int(candidates.item_ids[at]), "")
        shares[at] = sum(weight for pair, weight in pairs.items() if has_side_by_side(found, pair)) / total
    return shares


def pairs_of(text: str, words: Words) -> dict[str, float]:
    """Each pair of adjacent query words, with any stop words between them, and the sum of their weights.

    All folded.
    """
    written = WORD.findall(fold(text))
    places = [place for place, word in enumerate(written) if word in words.weights]
    pairs = {
        " ".join(written[first : second + 1]): words.weights[written[first]] + words.weights[written[second]]
        for first, second in pairwise(places)
    }
    heaviest = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:MOST_PAIRS]
    return {pair: pairs[pair] for pair in heaviest}


def has_side_by_side(text: str, words: str) -> bool:
    """Whether a folded text contains these words, separated by spaces and not as parts of longer words."""
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
            return True
        start = text.find(words, start + 1)
    return False


def _texts(item_ids: Sequence[int]) -> Mapping[int, str]:
    """The text read from each of these items, folded; fields are separated by a sign that occurs in no pair."""
    if not item_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(TEXTS_SQL, [CHARACTERS_READ, list(item_ids)])
        return {item_id: fold(" | ".join(fields)).translate(SPACES) for item_id, *fields in cursor.fetchall()}
