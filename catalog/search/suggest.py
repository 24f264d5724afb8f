"""What somebody who is typing may be looking for: queries that others made, and titles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Item
from catalog.search.highlight import WORD
from catalog.search.lexical import fold
from catalog.search.operators import read_operators
from catalog.search.queries import MAX_TEXT_CHARACTERS
from catalog.search.rule_actions import actions_of
from catalog.search.rules import rules_in_force

#: Of the titles that hold the words somewhere, this many are considered to find the shortest.
TITLES_READ = 500
#: Past queries take at most this many places, and at most half of them.
QUERIES = 3

# Each condition has an index of its own; a word counts even if the keyword index leaves it out.
BEGINNING_SQL = """
    SELECT id FROM catalog_item
    WHERE published AND {shown} AND left(catalog_fold(title), 100) ^@ left(catalog_fold(%(text)s), 100)
    ORDER BY left(catalog_fold(title), 100) USING ~<~, id LIMIT %(limit)s
"""
HOLDING_SQL = """
    SELECT id FROM (
        SELECT id, title FROM catalog_item
        WHERE published AND {shown}
            AND to_tsvector('simple', catalog_fold(left(title, 1000))) @@ to_tsquery('simple', %(words)s)
        LIMIT %(read)s
    ) AS holding
    ORDER BY length(title), id LIMIT %(limit)s
"""
# The table is small by design: it holds only the commonest queries.
QUERIES_SQL = """
    SELECT text FROM catalog_popularquery
    WHERE (folded ^@ %(text)s OR to_tsvector('simple', folded) @@ to_tsquery('simple', %(words)s))
        AND folded <> %(text)s AND askers >= %(askers)s
    ORDER BY searches DESC, folded LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A query that several people made and that found something, or an item by its title."""

    text: str
    item: Item | None = None

    @property
    def kind(self) -> Literal["query", "item"]:
        return "query" if self.item is None else "item"

    @property
    def address(self) -> str:
        """The URL it leads to."""
        if self.item is None:
            return f"{reverse('search')}?{urlencode({'q': self.text})}"
        return self.item.get_absolute_url()


def suggest(text: str, *, limit: int = 8) -> list[Suggestion]:
    """What holds every word typed, the last one perhaps unfinished: first past queries, then titles.

    Queries are ordered by how often they were made; titles that begin with the text come first. Items that a rule hides
    from a search for the text are not suggested, and excluded words complete nothing. Of a text longer than a query may
    be, only the beginning counts.
    """
    text = read_operators(text[:MAX_TEXT_CHARACTERS]).text
    words = [fold(word) for word in WORD.findall(text)]
    if not words:
        return []
    wanted = f"{' & '.join(map(_quoted, words))}:*"
    queries = _queries(text, wanted, limit=min(QUERIES, limit // 2))
    return queries + _titles(text, wanted, limit=limit - len(queries))


def _queries(text: str, words: str, *, limit: int) -> list[Suggestion]:
    typed = " ".join(fold(text.lstrip()).split()) + (" " if text[-1:].isspace() else "")
    rows = _column(QUERIES_SQL, text=typed, words=words, askers=settings.SUGGEST_MIN_ASKERS, limit=limit)
    return [Suggestion(text=query) for query in rows]


def _titles(text: str, words: str, *, limit: int) -> list[Suggestion]:
    rules = rules_in_force().for_query(text)
    shown = actions_of(rules, wanted=None, pinning=False).shown
    condition, parameters = shown.named() if shown else ("true", {})
    ids = _column(BEGINNING_SQL.format(shown=condition), text=text.lstrip(), limit=limit, **parameters)
    if len(ids) < limit:
        holding_sql = HOLDING_SQL.format(shown=condition)
        holding = _column(holding_sql, words=words, read=TITLES_READ, limit=2 * limit, **parameters)
        ids = list(dict.fromkeys(ids + holding))[:limit]
    return [Suggestion(text=item.title, item=item) for item in Item.objects.in_order(ids)]


def _quoted(word: str) -> str:
    return "'{}'".format(word.replace("\\", "").replace("'", "''"))


def _column(statement: str, **parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [value for (value,) in cursor.fetchall()]
