"""Titles that complete what somebody is typing."""

from __future__ import annotations

from django.db import connection

from catalog.models import Item
from catalog.search.highlight import WORD
from catalog.search.lexical import fold
from catalog.search.queries import Hit

#: Of the titles that hold the words somewhere, so many are looked at to find the shortest.
TITLES_READ = 500

# Both conditions are served by indexes of their own; a word counts even where the keyword index leaves it out.
BEGINNING_SQL = """
    SELECT id FROM catalog_item
    WHERE published AND left(catalog_fold(title), 100) ^@ left(catalog_fold(%(text)s), 100)
    ORDER BY left(catalog_fold(title), 100) USING ~<~, id LIMIT %(limit)s
"""
HOLDING_SQL = """
    SELECT id FROM (
        SELECT id, title FROM catalog_item
        WHERE published AND to_tsvector('simple', catalog_fold(left(title, 1000))) @@ to_tsquery('simple', %(words)s)
        LIMIT %(read)s
    ) AS holding
    ORDER BY length(title), id LIMIT %(limit)s
"""


def suggest(text: str, *, limit: int = 8) -> list[Hit]:
    """Items whose titles hold every word typed, the last one perhaps unfinished; titles that begin so come first."""
    words = [fold(word) for word in WORD.findall(text)]
    if not words:
        return []
    ids = _ids(BEGINNING_SQL, text=text.lstrip(), limit=limit)
    if len(ids) < limit:
        holding = _ids(HOLDING_SQL, words=f"{' & '.join(map(_quoted, words))}:*", read=TITLES_READ, limit=2 * limit)
        ids = list(dict.fromkeys(ids + holding))[:limit]
    return [Hit(item=item, score=0.0) for item in Item.objects.in_order(ids)]


def _quoted(word: str) -> str:
    return "'{}'".format(word.replace("\\", "").replace("'", "''"))


def _ids(statement: str, **parameters: str | int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [item_id for (item_id,) in cursor.fetchall()]
