"""What a keyword index must provide for search. A deployment with a BM25 extension can plug in its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from catalog.search.lexical import Term, Words
from catalog.search.scope import Scope

#: The most items a keyword leg finds.
KEYWORD_ITEMS = 200


class KeywordLeg(Protocol):
    """Finds and scores items by words. `KEYWORD_LEG` names the class; one instance serves the whole process.

    The words of a query are read by `lexical.read_words` whichever leg is used, since spelling, highlighting and the
    score bound depend on them. The SQL becomes part of one statement with shared parameters: names should not clash
    with `near`, `pinned`, `vector` and `subset`.
    """

    def leg(self, words: Words, scope: Scope, *, alone: bool) -> str:
        """A query for the `item_id`s of the best KEYWORD_ITEMS items within the scope.

        `alone`: no other leg finds items.
        """

    def sought(self, words: Words, *, alone: bool) -> Sequence[Term]:
        """The terms that `leg` looks for; it may leave common ones to the scores."""

    def scores(self, words: Words) -> str:
        """A query with one row for each item of the common table `candidate (item_id)` that holds any of the words.

        Columns: `item_id`; `score`, BM25 or similar, at most `words.score_bound`; `idf`, the sum over the slots that
        the item holds; and `title_overlap`, the Jaccard index of the words of query and title, or 0.
        """

    def parameters(self, words: Words, *, alone: bool) -> dict[str, Any]:
        """The parameters of both queries."""

    def term_weights(self, words: Words, item_ids: Sequence[int]) -> dict[int, dict[str, float]]:
        """What each term adds to the score of each of these items."""


@cache
def _named(path: str) -> KeywordLeg:
    leg: KeywordLeg = import_string(path)()
    return leg


def keyword_leg() -> KeywordLeg:
    """The leg this site uses."""
    return _named(settings.KEYWORD_LEG)
