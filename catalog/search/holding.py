"""Which items hold a phrase, or a word in any form, as conditions on rows of `catalog_item`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.search.highlight import LETTERS, WORD
from catalog.search.lexical import CJK_CHARACTER, CONFIGURATIONS
from catalog.search.operators import Operators, Phrase
from catalog.search.predicates import Predicate, all_of, any_of

# The terms that an item may hold for a word, with and without accents, for each language of the catalogue.
TERMS_SQL = f"""
    WITH configuration AS MATERIALIZED ({CONFIGURATIONS})
    SELECT word, ARRAY(
        SELECT catalog_unaccent(lexeme)
        FROM unnest(to_tsvector(configuration.name, catalog_prepare(word || ' ' || catalog_unaccent(word))))
    ) FROM unnest(%s::text[]) AS word CROSS JOIN configuration
"""  # noqa: S608
HOLDS_TERM = (
    "EXISTS (SELECT FROM catalog_posting AS posting"
    " WHERE posting.term = ANY(%s::text[]) AND posting.item_id = catalog_item.id)"
)
FIELDS = (
    "catalog_item.title",
    "left(catalog_item.body, 200000)",
    "catalog_attributes_text(catalog_item.category, catalog_item.attributes)",
)
HOLDS_TEXT = f"({' OR '.join(f'catalog_unaccent(lower({field})) ~ %s' for field in FIELDS)})"
# Served by an index of its own, which includes stop words.
TITLE_HOLDS = (
    "to_tsvector('simple', catalog_fold(left(catalog_item.title, 1000)))"
    " @@ phraseto_tsquery('simple', catalog_fold(%s))"
)
WRITTEN_TOGETHER = """
    SELECT EXISTS (SELECT FROM (
        SELECT catalog_item.* FROM catalog_item WHERE catalog_item.published AND {held} LIMIT {read}
    ) AS catalog_item WHERE {whole})
"""
ITEMS_READ = 200
#: Of the words of a phrase, at most this many are looked up in the keyword index: PostgreSQL spends seconds planning
#: hundreds of such conditions, and the text is read anyway.
WORDS_LOOKED_UP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is required of every hit, ready for SQL."""

    wanted: Predicate | None = None
    """Met by items that meet the filter and hold the phrases."""
    excluded: Predicate | None = None
    """Met by items that must not be among the hits."""
    phrases: tuple[Phrase, ...] = ()

    @property
    def shown(self) -> Predicate | None:
        """Both in one condition."""
        return all_of(self.wanted, None if self.excluded is None else ~self.excluded)


def conditions_of(operators: Operators, wanted: Predicate | None) -> Conditions:
    """Combine a filter and operators. One statement for the terms of all words; none without operators."""
    if not operators:
        return Conditions(wanted=wanted)
    terms = _terms({word for phrase in (*operators.phrases, *operators.excluded) for word in _asked(phrase)})
    return Conditions(
        wanted=all_of(wanted, *(_holds(phrase, terms) for phrase in operators.phrases)),
        excluded=any_of(*(_holds(phrase, terms) for phrase in operators.excluded)),
        phrases=operators.phrases,
    )


def written_together(phrase: Phrase) -> bool:
    """Whether one of the first ITEMS_READ items that hold the words of a phrase has them in sequence."""
    terms = _terms(_asked(phrase))
    held = all_of(*_holds_words(phrase, terms))
    if held is None:
        return False
    whole = _text_holds(phrase)
    statement = WRITTEN_TOGETHER.format(held=held.sql, read=ITEMS_READ, whole=whole.sql)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*held.parameters, *whole.parameters])
        ((together,),) = cursor.fetchall()
    return bool(together)


def _asked(phrase: Phrase) -> Sequence[str]:
    """The words to look up: those of letters only, or the whole phrase if there are none.

    Only words of letters are certain to be parsed the same alone as within a text.
    """
    words = WORD.findall(phrase.text)
    return [word for word in words if LETTERS.fullmatch(word) and not CJK_CHARACTER.match(word)] or [phrase.text]


def _terms(words: Iterable[str]) -> Mapping[str, list[str]]:
    """The terms of each word in any language.

    A word that is a stop word in one language is left out, since items in that language do not hold it.
    """
    found: dict[str, list[str]] = {}
    stopped: set[str] = set()
    with connection.cursor() as cursor:
        cursor.execute(TERMS_SQL, [sorted(words)])
        for word, terms in cursor.fetchall():
            found[word] = list(dict.fromkeys([*found.get(word, []), *terms]))
            if not terms:
                stopped.add(word)
    return {word: terms for word, terms in found.items() if word not in stopped}


def _holds(phrase: Phrase, terms: Mapping[str, list[str]]) -> Predicate:
    """Met by the items that hold a phrase.

    The keyword index finds the items that hold its words, and their texts are read to check that all the words follow
    one another. A phrase of stop words alone is looked for in titles only.
    """
    held = _holds_words(phrase, terms)
    if not held:
        return Predicate(sql=TITLE_HOLDS, parameters=(phrase.text,))
    whole = all_of(*held) if not phrase.exact else all_of(*held, _text_holds(phrase))
    assert whole is not None
    return whole


def _holds_words(phrase: Phrase, terms: Mapping[str, list[str]]) -> list[Predicate]:
    """A condition for each word of a phrase, or for the longest of many, which tend to be the rarest."""
    longest_first = sorted(_asked(phrase), key=len, reverse=True)
    distinct = dict.fromkeys(tuple(terms[word]) for word in longest_first if word in terms)
    return [Predicate(sql=HOLDS_TERM, parameters=([*forms],)) for forms in list(distinct)[:WORDS_LOOKED_UP]]


def _text_holds(phrase: Phrase) -> Predicate:
    begins, ends = phrase.ends
    pattern = phrase.pattern.format("[^[:alnum:]]")
    pattern = f"{'(^|[^[:alnum:]])' if begins else ''}{pattern}{'($|[^[:alnum:]])' if ends else ''}"
    return Predicate(sql=HOLDS_TEXT, parameters=(pattern,) * len(FIELDS))
