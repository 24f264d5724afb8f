"""What a query asks for: its words as the keyword index knows them, its vector, and the index version to search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.embedding.base import Encoder, EncoderError
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.index.serving import serving_version
from catalog.models import IndexVersion
from catalog.search.lexical import Words, read_words
from catalog.search.meaning import read_meaning
from catalog.search.operators import Phrase
from catalog.search.queries import SearchQuery
from catalog.search.rules import RuleSet
from catalog.search.spelling import Correction, correct
from catalog.search.synonyms import folded_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A query made ready: its words looked up, its text or picture encoded."""

    text: str
    """As typed, or as corrected."""
    words: Words
    version: IndexVersion | None
    vector: Sequence[float] | None
    """Normalised; None if meaning is not requested or there is no encoder."""
    ratio: float
    """The weight of meaning: 0 words alone, 1 meaning alone."""
    phrases: tuple[Phrase, ...] = ()
    """Every hit holds them."""
    correction: Correction | None = None
    """What was searched for instead of the words as typed."""
    allows_feedback: bool = False
    """Whether the vector may be moved towards the best hits.

    Not if the caller gave the vector, and not in a version with pictures: its best hits are all of one kind, texts or
    pictures, and would draw the query away from the other.
    """
    degraded_reason: str = ""
    """Why meaning was left out although requested."""


def read_query(
    query: SearchQuery, version: IndexVersion | None, rules: RuleSet, *, phrases: tuple[Phrase, ...] = ()
) -> Reading:
    """Read a checked query: a text without operators, a vector, a picture, or several of these.

    Words of its phrases are not corrected. Raises InvalidQuery.
    """
    text = query.text.strip()
    words = _words(query.text, query, rules) if text else Words()
    correction = _correction(text, words, version, phrases) if query.correct and words.unknown else None
    if correction is not None:
        words = _words(correction.text, query, rules)
    texts = [text, correction.text] if correction else [text]
    meaning = read_meaning(query, texts, version)
    return Reading(
        text=texts[-1],
        words=words,
        version=version,
        vector=meaning.vector,
        phrases=phrases,
        ratio=0.0 if meaning.vector is None else query.semantic_ratio if text else 1.0,
        correction=correction,
        allows_feedback=meaning.is_encoded and version is not None and not version.reads_pictures,
        degraded_reason=meaning.missing,
    )


def _words(text: str, query: SearchQuery, rules: RuleSet) -> Words:
    return read_words(text, prefix=query.prefix, synonyms=synonyms_of(text, rules))


def _correction(
    text: str, words: Words, version: IndexVersion | None, phrases: tuple[Phrase, ...]
) -> Correction | None:
    certain = {word for phrase in phrases for word in phrase.words}
    return correct(text, [word for word in words.unknown if word not in certain], encoder=_encoder(version))


def _encoder(version: IndexVersion | None) -> Encoder | None:
    """The encoder if it is loaded: finding out whether it knows a word is not worth waiting for."""
    if version is None:
        return None
    try:
        return encoder_for(version.encoder_spec, wait_s=0)
    except EncoderError:
        return None


def synonyms_of(text: str, rules: RuleSet) -> list[tuple[str, str]]:
    """Pairs of a folded word of the text and a word that counts as an alternative to it."""
    words = folded_words(text)
    return [(words[own], other) for found in rules.synonyms.synonyms_for(text) for own, other in found.pairs()]


def version_for(query: SearchQuery) -> IndexVersion | None:
    """The index version to search; None while there is none. Raises InvalidQuery."""
    if query.version_id is None:
        return serving_version()
    version = IndexVersion.objects.with_rules_stamp().searchable(query.version_id)
    if version is None:
        raise InvalidQuery(
            f"There is no live index version {query.version_id}.", field="version", code="unknown_version"
        )
    return version
