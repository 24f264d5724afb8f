"""Which items hold a phrase, or a word in any form, as conditions on rows of `catalog_item`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.search.highlight import LETTERS, WORD
from catalog.search.lexical import CJK_CHARACTER, CONFIGURATIONS
from catalog.search.operators import Operators, Phrase
from catalog.search.predicates import Predicate, all_of, any_of

# The terms that an item may hold for a word, with its accents and without, for each language of the catalogue.
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
# Served by an index of its own, of which stop words are a part.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is asked of every hit, ready for SQL."""

    wanted: Predicate | None = None
    """Met by what the filter leaves that holds the phrases."""
    excluded: Predicate | None = None
    """Met by what must not be among the hits."""
    phrases: tuple[Phrase, ...] = ()

    @property
    def shown(self) -> Predicate | None:
        """Both in one."""
        return all_of(self.wanted, None if self.excluded is None else ~self.excluded)


def conditions_of(operators: Operators, wanted: Predicate | None) -> Conditions:
    """A filter and operators in one. One statement for the terms of all words; none without operators."""
    if not operators:
        return Conditions(wanted=wanted)
    terms = _terms({word for phrase in (*operators.phrases, *operators.excluded) for word in _asked(phrase)})
    return Conditions(
        wanted=all_of(wanted, *(_holds(phrase, terms) for phrase in operators.phrases)),
        excluded=any_of(*(_holds(phrase, terms) for phrase in operators.excluded)),
        phrases=operators.phrases,
    )


def written_together(phrase: Phrase) -> bool:
    """Whether an item has the words of a phrase one after the other, among the first ITEMS_READ that hold them all."""
    terms = _terms(_asked(phrase))
    held = all_of(*(Predicate(sql=HOLDS_TERM, parameters=(found,)) for found in terms.values()))
    if held is None:
        return False
    whole = _text_holds(phrase)
    statement = WRITTEN_TOGETHER.format(held=held.sql, read=ITEMS_READ, whole=whole.sql)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*held.parameters, *whole.parameters])
        ((together,),) = cursor.fetchall()
    return bool(together)


def _asked(phrase: Phrase) -> Sequence[str]:
    """The words to look up: those of letters, as only they are sure to be read alone as they are in a text; without
    any the whole phrase."""
    words = WORD.findall(phrase.text)
    return [word for word in words if LETTERS.fullmatch(word) and not CJK_CHARACTER.match(word)] or [phrase.text]


def _terms(words: Iterable[str]) -> Mapping[str, list[str]]:
    """The terms of each word in any language; none where it is a stop word in one, whose items then do not hold it."""
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
    """Met by the items that hold a phrase. By the keyword index those that hold all its words are found, and read to
    see whether the words follow one another. One of stop words alone is looked for in titles only."""
    indexed = [terms[word] for word in _asked(phrase) if word in terms]
    if not indexed:
        return Predicate(sql=TITLE_HOLDS, parameters=(phrase.text,))
    held = [Predicate(sql=HOLDS_TERM, parameters=(found,)) for found in indexed]
    whole = all_of(*held) if not phrase.exact else all_of(*held, _text_holds(phrase))
    assert whole is not None
    return whole


def _text_holds(phrase: Phrase) -> Predicate:
    begins, ends = phrase.ends
    pattern = phrase.pattern.format("[^[:alnum:]]")
    pattern = f"{'(^|[^[:alnum:]])' if begins else ''}{pattern}{'($|[^[:alnum:]])' if ends else ''}"
    return Predicate(sql=HOLDS_TEXT, parameters=(pattern,) * len(FIELDS))
