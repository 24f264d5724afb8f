"""The stems of words, asked of PostgreSQL once: they never change, and texts keep using the same words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db import connection

Stems = frozenset[str]

#: When this many are known, all are dropped, which frees some tens of megabytes.
WORDS_KEPT = 200_000

STEMS_SQL = """
    SELECT word, array_agg(DISTINCT catalog_unaccent(stem.lexeme))
    FROM unnest(%(words)s::text[]) AS word CROSS JOIN unnest(%(configurations)s::regconfig[]) AS name
    CROSS JOIN LATERAL unnest(to_tsvector(name, catalog_prepare(word))) AS stem
    GROUP BY word
"""

_known: dict[tuple[Collection[str], str], Stems] = {}


def stems_of(words: Iterable[str], configurations: tuple[str, ...]) -> Mapping[str, Stems]:
    """The stems of each folded word under each of these text search configurations; stop words have none.

    One statement for the words this process has not met before.
    """
    wanted = set(words)
    unknown = [word for word in wanted if (configurations, word) not in _known]
    if unknown:
        if len(_known) + len(unknown) > WORDS_KEPT:
            _known.clear()
        _known.update({(configurations, word): stems for word, stems in _ask(unknown, configurations).items()})
    return {word: _known.get((configurations, word), frozenset()) for word in wanted}


def _ask(words: list[str], configurations: tuple[str, ...]) -> dict[str, Stems]:
    found = dict.fromkeys(words, frozenset[str]())
    with connection.cursor() as cursor:
        cursor.execute(STEMS_SQL, {"words": words, "configurations": list(configurations)})
        found.update((word, frozenset(stems)) for word, stems in cursor.fetchall())
    return found
