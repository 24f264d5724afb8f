"""What a query asks for: its words as the keyword index knows them, its vector, and the index version to look in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.conf import settings

from catalog.embedding.base import Encoder, EncoderError
from catalog.embedding.query_vectors import query_vector
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.index.serving import serving_version
from catalog.models import IndexVersion
from catalog.search.lexical import Words, read_words
from catalog.search.operators import Phrase
from catalog.search.queries import MAX_LIMIT, MAX_OFFSET, MAX_TEXT_CHARACTERS, SearchQuery
from catalog.search.rules import RuleSet
from catalog.search.spelling import Correction, correct
from catalog.search.synonyms import folded_words

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A query made ready: its words looked up, its text or picture encoded."""

    words: Words
    version: IndexVersion | None
    vector: Sequence[float] | None
    """Normalised; None where meaning is not asked for or there is no encoder."""
    ratio: float
    """The weight of meaning: 0 words alone, 1 meaning alone."""
    phrases: tuple[Phrase, ...] = ()
    """Every hit holds them."""
    correction: Correction | None = None
    """What was looked for in place of the words as typed."""
    allows_feedback: bool = False
    """Whether the vector may be moved towards the best hits. Not where a caller has given the vector, and not in a
    version with pictures: its best hits are of one kind, texts or pictures, and would draw the query away from the
    other."""
    degraded_reason: str = ""
    """Why meaning is left out although it was asked for."""


def read_query(
    query: SearchQuery, version: IndexVersion | None, rules: RuleSet, *, phrases: tuple[Phrase, ...] = ()
) -> Reading:
    """Read a checked query of a text without operators, a vector or a picture, or several of them.

    Words of its phrases are what they are. Raises InvalidQuery.
    """
    text = query.text.strip()
    words = _words(query.text, query, rules) if text else Words()
    correction = _correction(text, words, version, phrases) if query.correct and words.unknown else None
    if correction is not None:
        words = _words(correction.text, query, rules)
    texts = [text, correction.text] if correction else [text]
    vector, degraded_reason = _vector(query, texts, version)
    return Reading(
        words=words,
        version=version,
        vector=vector,
        phrases=phrases,
        ratio=0.0 if vector is None else query.semantic_ratio if text else 1.0,
        correction=correction,
        allows_feedback=vector is not None
        and query.vector is None
        and version is not None
        and not version.reads_pictures,
        degraded_reason=degraded_reason,
    )


def _words(text: str, query: SearchQuery, rules: RuleSet) -> Words:
    return read_words(text, prefix=query.prefix, synonyms=synonyms_of(text, rules))


def _correction(
    text: str, words: Words, version: IndexVersion | None, phrases: tuple[Phrase, ...]
) -> Correction | None:
    certain = {word for phrase in phrases for word in phrase.words}
    return correct(text, [word for word in words.unknown if word not in certain], encoder=_encoder(version))


def _encoder(version: IndexVersion | None) -> Encoder | None:
    """The encoder, if it is loaded: to learn whether it knows a word is not worth waiting for."""
    if version is None:
        return None
    try:
        return encoder_for(version.encoder_spec, wait_s=0)
    except EncoderError:
        return None


def synonyms_of(text: str, rules: RuleSet) -> list[tuple[str, str]]:
    """Pairs of a folded word of the text and a word that counts as an alternative for it."""
    words = folded_words(text)
    return [(words[own], other) for found in rules.synonyms.synonyms_for(text) for own, other in found.pairs()]


def check_query(query: SearchQuery) -> None:
    """Raises InvalidQuery for what no search can be run with."""
    if len(query.text) > MAX_TEXT_CHARACTERS:
        raise InvalidQuery(f"A query may have at most {MAX_TEXT_CHARACTERS:,} characters.", field="q", code="too_long")
    if "\0" in query.text or any("\ud800" <= character <= "\udfff" for character in query.text):
        raise InvalidQuery("The query holds a character that no text has.", field="q", code="invalid_text")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidQuery(f"A page has 1 to {MAX_LIMIT} hits.", field="limit", code="out_of_range")
    if not 0 <= query.offset <= MAX_OFFSET:
        raise InvalidQuery(f"The offset goes from 0 to {MAX_OFFSET:,}.", field="offset", code="out_of_range")
    if not 0 <= query.semantic_ratio <= 1:
        raise InvalidQuery("The ratio goes from 0 to 1.", field="semantic_ratio", code="out_of_range")
    if not 0 <= query.picture_weight <= 1:
        raise InvalidQuery("The weight goes from 0 to 1.", field="picture_weight", code="out_of_range")
    if query.threshold is not None and not 0 <= query.threshold <= 1:
        raise InvalidQuery("The threshold goes from 0 to 1.", field="threshold", code="out_of_range")


def version_for(query: SearchQuery) -> IndexVersion | None:
    """The index version to look in; None while there is none. Raises InvalidQuery."""
    if query.version_id is None:
        return serving_version()
    version = IndexVersion.objects.with_rules_stamp().searchable(query.version_id)
    if version is None:
        raise InvalidQuery(
            f"There is no live index version {query.version_id}.", field="version", code="unknown_version"
        )
    return version


def _vector(
    query: SearchQuery, texts: Sequence[str], version: IndexVersion | None
) -> tuple[Sequence[float] | None, str]:
    """The query's vector; without one, why meaning has to be left out (empty when it was not asked for).

    Of a text that was corrected it is the mean of both vectors, as the correction may be wrong. A picture's is added
    by its weight.
    """
    has_text = bool(query.text.strip())
    given = query.picture if query.vector is None else query.vector
    if query.semantic_ratio == 0 and query.vector is None and (has_text or given is None):
        return None, ""
    if version is None:
        return None, "The index is still being made."
    own = None if given is None else _given(given, version, field="image" if query.vector is None else "vector")
    if own is not None and (query.vector is not None or not has_text):
        return own.tolist(), ""
    try:
        spec, name, wait_s = version.encoder_spec, version.name_of_vectors, settings.QUERY_ENCODER_WAIT_S
        vectors = [query_vector(spec, text, shared_as=name, wait_s=wait_s) for text in texts]
    except EncoderError as error:
        return None, str(error)
    if len(vectors) == 1 and own is None:
        return vectors[0].tolist(), ""
    text = _normalised(np.mean(vectors, axis=0, dtype=np.float64))
    if own is None:
        return text.tolist(), ""
    return _normalised((1 - query.picture_weight) * text + query.picture_weight * own).tolist(), ""


def _given(numbers: Sequence[float], version: IndexVersion, *, field: str) -> Vector:
    """A vector that is not encoded here, normalised. Raises InvalidQuery."""
    vector = np.array(numbers, dtype=np.float64)
    if len(vector) != version.dimensions or not np.isfinite(vector).all() or not vector.any():
        message = f"A vector here has {version.dimensions} finite numbers, not all of them 0."
        raise InvalidQuery(message, field=field, code="invalid_vector")
    return _normalised(vector)


def _normalised(vector: Vector) -> Vector:
    """The vector with length 1: half floats hold no large numbers and lose small ones."""
    scaled = vector / np.abs(vector).max()
    return scaled / np.linalg.norm(scaled)
