"""A static student of a transformer: word vectors from the teacher, then fitted to the teacher's vectors of texts.

This does what model2vec does (every token through the teacher, weighted by rarity). Then, instead of gradient descent
as in tokenlearn, a ridge regression with a unique solution, so that the same texts give the same student.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from catalog.embedding.base import Encoder, FloatArray
from catalog.embedding.distilling.fitting import ROUNDS, STEPS, fit
from catalog.embedding.distilling.vocabulary import Vocabulary, vocabulary
from catalog.embedding.static.lookup import Lookup, Subwords
from catalog.embedding.static.students import Student
from catalog.embedding.static.table import smooth_inverse_frequency, zipf

# The weight of the order of the teacher's tokens, in words, relative to those counted in the texts.
PRIOR_WORDS = 1_000.0
# The weight of the words' own vectors relative to the texts': .03 to .3 gave equal quality on judged collections.
RIDGE = 0.2
TEACHER_MAX_TOKENS = 256
# One text in this many is held out to measure the student, up to this maximum.
HELD_OUT_ONE_IN, MOST_HELD_OUT = 20, 500
FEWEST_TO_FIT = 50

#: Called with the current activity, how much of it is done, and the total.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distilled:
    """A student and how close it is to its teacher."""

    student: Student
    spearman: float | None
    """Between the cosines of pairs of held-out texts, student against teacher; None without texts."""
    texts: int
    """The number of texts it was fitted to."""


def distill(
    teacher: Encoder,
    tokenizer: Any,
    *,
    words: Mapping[str, int] = MappingProxyType({}),
    texts: Sequence[str] = (),
    dimensions: int | None = 256,
    on_progress: Progress = lambda *_: None,
) -> Distilled:
    """Make a student of `teacher`, whose tokenizer (of the transformers library) supplies most of its vocabulary.

    `words` are additional ones to know whole, each with its frequency in the catalogue; `texts`, sentences and
    passages, are what the student is fitted to. Without texts it is about as good as model2vec's. Raises what the
    teacher raises.
    """
    known = vocabulary(tokenizer, words)
    lookup = Lookup(Subwords(known.tokenizer()))
    vectors = _encoded(teacher, known.texts(), "words", on_progress)
    kept_back = _held_out(len(texts))
    fitted = [text for place, text in enumerate(texts) if place not in kept_back]
    bags = _bags(lookup, fitted, len(known.tokens))
    counted = _bags(lookup, list(words), len(known.tokens)).T @ np.fromiter(words.values(), dtype=np.float32)
    shares = _shares(np.asarray(bags.sum(axis=0)).ravel(), counted)
    start = (vectors - shares @ vectors) * smooth_inverse_frequency(shares)[:, None]
    start[0] = 0  # the unknown word
    if len(fitted) < FEWEST_TO_FIT:
        table = start[:, : teacher.dimensions]
        return Distilled(student=_student(known, _shortened(table, table, dimensions), shares), spearman=None, texts=0)
    wanted = _encoded(teacher, fitted, "texts", on_progress)
    table = _fitted(bags, wanted, start.astype(np.float32), on_progress)
    table = _shortened(table, bags @ table, dimensions)
    held_out = [texts[place] for place in sorted(kept_back)]
    own = _unit(_bags(lookup, held_out, len(known.tokens)) @ table)
    spearman = agreement(own, _encoded(teacher, held_out, "texts held out", on_progress))
    return Distilled(student=_student(known, table, shares), spearman=spearman, texts=len(fitted))


def agreement(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rank correlation of the cosines of all pairs of rows in two arrays of unit vectors."""
    from scipy.stats import spearmanr

    pairs = np.triu_indices(len(first), 1)
    return float(spearmanr((first @ first.T)[pairs], (second @ second.T)[pairs]).statistic)


def _held_out(texts: int) -> set[int]:
    count = min(texts // HELD_OUT_ONE_IN, MOST_HELD_OUT)
    return set(np.random.default_rng(0).choice(texts, size=count, replace=False).tolist())


def _encoded(teacher: Encoder, texts: Sequence[str], what: str, on_progress: Progress) -> FloatArray:
    """The teacher's vectors, some texts at a time."""
    vectors = np.empty((len(texts), teacher.dimensions), dtype=np.float32)
    at_once = teacher.texts_at_once
    for first in range(0, len(texts), at_once):
        on_progress(f"Teacher: {what}", first, len(texts))
        vectors[first : first + at_once] = teacher.encode_documents(texts[first : first + at_once])
    on_progress(f"Teacher: {what}", len(texts), len(texts))
    return vectors


def _bags(lookup: Lookup, texts: Sequence[str], tokens: int) -> Any:
    """How often each token occurs in each text, as a sparse matrix, texts by tokens."""
    from scipy.sparse import csr_array

    numbers, lengths = lookup.bags(texts, max_tokens=TEACHER_MAX_TOKENS)
    ends = np.concatenate(([0], np.cumsum(lengths)))
    bags = csr_array((np.ones(len(numbers), dtype=np.float32), numbers, ends), shape=(len(texts), tokens))
    bags.sum_duplicates()
    return bags


def _shares(in_texts: FloatArray, among_words: FloatArray) -> FloatArray:
    """The expected frequency of each token, as shares of 1.

    As in the texts, or as among all words of the catalogue if that is higher: the texts are a sample of it. Zipf's law
    decides when there is little to count.
    """
    texts, words = max(float(in_texts.sum()), 1.0), max(float(among_words.sum()), 1.0)
    together = np.maximum(in_texts / texts, among_words / words) * texts + PRIOR_WORDS * zipf(len(in_texts))
    return (together / together.sum()).astype(np.float32)


def _fitted(bags: Any, wanted: FloatArray, start: FloatArray, on_progress: Progress) -> FloatArray:
    """Only tokens that occur in the texts can change."""
    used = np.unique(bags.indices)
    steps = iter(_counted(ROUNDS * STEPS, on_progress))
    table = start.copy()
    table[used] = fit(bags[:, used].tocsr(), wanted, start[used], ridge=RIDGE, on_step=lambda: next(steps, None))
    return table


def _counted(total: int, on_progress: Progress) -> Iterator[None]:
    for done in range(1, total + 1):
        on_progress("Fitting", done, total)
        yield None


def _shortened(table: FloatArray, texts: FloatArray, dimensions: int | None) -> FloatArray:
    """The table rotated so that what separates texts comes first, and cut: the leading principal directions.

    Any shorter leading part is also the best of its size. The rotation alone changes no cosine.
    """
    unit = _unit(texts)
    _, directions = np.linalg.eigh(unit.T @ unit)
    return np.ascontiguousarray((table @ directions[:, ::-1])[:, :dimensions])


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _student(known: Vocabulary, table: FloatArray, shares: FloatArray) -> Student:
    scale = float(np.linalg.norm(table, axis=1).mean()) or 1.0
    return Student(
        tokenizer=known.tokenizer(),
        vectors=(table / scale).astype(np.float16),
        counts=shares,
        config={"max_tokens": TEACHER_MAX_TOKENS},
    )
