"""An answer made of the passages' own sentences: those closest to the question, word for word."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from catalog.answers.queries import Answer, Citation, Found, Kind, Sentence, Source
from catalog.answers.sentences import sentence_spans
from catalog.embedding.base import EncoderError
from catalog.embedding.query_vectors import query_vector
from catalog.embedding.registry import encoder_for
from catalog.ranking.diversity import diversify
from catalog.ranking.fusion import semantic_level
from catalog.search import dense
from catalog.search.highlight import WORD, matching_words
from catalog.search.lexical import Term, Words, fold, read_words

#: Sentences considered, over all passages, and how many are encoded between two checks of the clock.
MOST_CANDIDATES, AT_ONCE = 48, 12
ENCODING_BUDGET_S = 0.5
SHORTEST_CHARACTERS = 12
MOST_SENTENCES, MOST_CHARACTERS = 4, 700
#: Similar sentences give way to others, and those far below the best one are left out.
DIVERSITY, LEAST_SHARE_OF_BEST = 0.3, 0.8
#: A sentence with this share of the matching words' weight is close, whatever its meaning.
CLOSE_WORDS = 0.6
#: The weight of words relative to meaning, and of a word only in the title relative to one in the sentence.
WORDS_SHARE = 0.3
TITLE_SHARE = 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]


def extract(found: Found, *, note: str = "") -> Answer:
    """Choose the sentences closest to the question, by words and, if the encoder responds in time, by meaning."""
    candidates = _candidates(found.sources)
    chosen = _choose(found, candidates) if candidates else []
    order = list(dict.fromkeys(candidate.source.marker for candidate in chosen))
    chosen.sort(key=lambda candidate: (order.index(candidate.source.marker), candidate.start))
    # Numbered in the order of the answer; passages that it does not cite come last.
    order += [source.marker for source in found.sources if source.marker not in order]
    sources = {source.marker: replace(source, marker=order.index(source.marker) + 1) for source in found.sources}
    quoted: dict[int, list[tuple[int, int]]] = {}
    for candidate in chosen:
        quoted.setdefault(candidate.source.marker, []).append((candidate.start, candidate.end))
    return Answer(
        query=found.query,
        kind=Kind.EXTRACTIVE,
        sentences=tuple(
            Sentence(text=" ".join(candidate.text.split()), markers=(sources[candidate.source.marker].marker,))
            for candidate in chosen
        ),
        citations=tuple(Citation(source=sources[marker], quotes=tuple(quotes)) for marker, quotes in quoted.items()),
        sources=tuple(sorted(sources.values(), key=lambda source: source.marker)),
        note=note if chosen else "Nothing in the catalogue is close to this question.",
        degraded_reason=found.degraded_reason,
        version_id=found.version.pk if found.version else None,
    )


def _candidates(sources: Sequence[Source]) -> list[_Candidate]:
    """Sentences of the passages without duplicates: the first of every passage, then the second of each, and so on."""
    own = [
        [
            (place, _Candidate(source=source, start=start, end=end))
            for place, (start, end) in enumerate(sentence_spans(source.text))
            if end - start >= SHORTEST_CHARACTERS
        ]
        for source in sources
    ]
    by_place = sorted((pair for sentences in own for pair in sentences), key=lambda pair: pair[0])
    once = {fold(candidate.text): candidate for _, candidate in reversed(by_place)}
    kept = [candidate for _, candidate in by_place if once[fold(candidate.text)] is candidate]
    return kept[:MOST_CANDIDATES]


def _choose(found: Found, candidates: list[_Candidate]) -> list[_Candidate]:
    words = _word_shares(found.looked_for, candidates)
    encoded = _encoded(found, candidates)
    if encoded is None:
        scores, vectors = words, np.zeros((len(candidates), 1))
        close = words > 0
    else:
        query, vectors = encoded
        candidates, words = candidates[: len(vectors)], words[: len(vectors)]
        cosines = vectors @ query
        cutoff = dense.cutoff(found.version)
        scores = WORDS_SHARE * words + (1 - WORDS_SHARE) * semantic_level(cosines, cutoff=cutoff)
        close = (cosines >= cutoff) | (words >= CLOSE_WORDS)
    near = [int(at) for at in np.flatnonzero(close & (scores >= LEAST_SHARE_OF_BEST * scores.max()))]
    if not near and scores.max() > 0:  # a passage may be close although none of its sentences is by itself
        near = [int(scores.argmax())]
    picked = diversify(scores[near], vectors[near], limit=MOST_SENTENCES, diversity=DIVERSITY)
    chosen: list[_Candidate] = []
    for candidate in (candidates[near[place]] for place in picked):
        length = sum(len(other.text) for other in chosen) + len(candidate.text)
        if not chosen or length <= MOST_CHARACTERS:
            chosen.append(candidate)
    return chosen


def _word_shares(question: str, candidates: Sequence[_Candidate]) -> Floats:
    """Of the weight of the words that any sentence or title holds, the share that each sentence holds, 0 to 1."""
    words = read_words(question)
    texts = [candidate.text for candidate in candidates]
    titles = [candidate.source.item.title for candidate in candidates]
    slots = {word: _term_of(word, words).slot for word in matching_words([*texts, *titles], words)}
    weights = {term.slot: term.idf for term in sorted(words.terms, key=lambda term: term.idf)}

    def held(text: str) -> set[int]:
        return {slots[word] for word in map(fold, WORD.findall(text)) if word in slots}

    said, named = [held(text) for text in texts], [held(title) for title in titles]
    total = sum(weights[slot] for slot in set().union(*said, *named))
    if not total:
        return np.zeros(len(candidates))
    return np.array(
        [
            sum(weights[slot] * (1.0 if slot in own else TITLE_SHARE) for slot in own | of_title) / total
            for own, of_title in zip(said, named, strict=True)
        ]
    )


def _term_of(word: str, words: Words) -> Term:
    """The term that a matching word is a form of: the one with the longest common prefix."""

    def alike(term: Term) -> int:
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(term.text, word, strict=False)))

    return max(words.terms, key=alike)


def _encoded(found: Found, candidates: Sequence[_Candidate]) -> tuple[Floats, Floats] | None:
    """The vectors of the question and of as many sentences as time allows; None if there are none."""
    if found.version is None or found.degraded_reason:
        return None
    give_up_at = time.monotonic() + ENCODING_BUDGET_S
    vectors: list[npt.NDArray[np.float32]] = []
    try:
        encoder = encoder_for(found.version.encoder_spec, wait_s=0)
        query = query_vector(found.version.encoder_spec, found.looked_for, wait_s=0)
        for first in range(0, len(candidates), AT_ONCE):
            if vectors and time.monotonic() > give_up_at:
                break
            batch = candidates[first : first + AT_ONCE]
            vectors.append(encoder.encode_documents([_in_context(candidate) for candidate in batch]))
    except EncoderError:
        return None
    return query.astype(np.float64), np.concatenate(vectors).astype(np.float64)


def _in_context(candidate: _Candidate) -> str:
    """A sentence alone, such as "She leaves.", says little about its subject. The title does."""
    return f"{candidate.source.item.title}: {candidate.text}"
