"""Titles that complete what somebody is typing."""

from __future__ import annotations

from catalog.highlight import WORD
from catalog.lexical import fold
from catalog.queries import MAX_LIMIT, Hit, SearchQuery
from catalog.search import search


def suggest(text: str, *, limit: int = 8) -> list[Hit]:
    """Items whose titles hold every word typed, the last one perhaps unfinished; titles that begin so come first."""
    typed = _words(text)
    if not typed:
        return []
    found = search(SearchQuery(text=text, limit=MAX_LIMIT, semantic_ratio=0, prefix=True, highlight=False)).hits
    matching = [hit for hit in found if _completes(typed, _words(hit.item.title))]
    matching.sort(key=lambda hit: not fold(hit.item.title).startswith(fold(text).strip()))
    return matching[:limit]


def _words(text: str) -> list[str]:
    return [fold(word) for word in WORD.findall(text)]


def _completes(typed: list[str], title: list[str]) -> bool:
    *finished, last = typed
    return set(finished) <= set(title) and any(word.startswith(last) for word in title)
