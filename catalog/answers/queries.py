"""Questions and answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.models import IndexVersion, Item
from catalog.search.filters import Filter

DEFAULT_PASSAGES = 6
MAX_PASSAGES = 12


class Kind(StrEnum):
    EXTRACTIVE = "extractive"
    """Sentences of the passages, word for word."""
    GENERATED = "generated"
    """Text by a language model, in which every sentence cites passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuery:
    text: str
    filter: str | Filter | None = ""
    passages: int = DEFAULT_PASSAGES
    """The most passages to answer from."""
    generate: bool = True
    """Whether a language model may write the answer, if the site has one."""
    correct: bool = True
    """Words that no item holds may be treated as misspelt."""
    version_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage that an answer may be based on; `marker` is its number in the text, in square brackets."""

    marker: int
    item: Item
    text: str
    start: int
    end: int
    """Characters `start` up to `end` of the item's document, or of its body if it is not embedded."""
    cosine: float | None = None
    """With the question; None if there was no search by meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of an answer and the sources it cites."""

    text: str
    markers: tuple[int, ...]

    @property
    def cited(self) -> str:
        return f"{self.text} {''.join(f'[{marker}]' for marker in self.markers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that the answer cites; `quotes` are the characters of its text that appear in the answer."""

    source: Source
    quotes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The passages found for a question, best first."""

    query: AnswerQuery
    looked_for: str
    """The question, or its correction if words were mistyped."""
    sources: tuple[Source, ...]
    version: IndexVersion | None = None
    degraded_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer. Without sentences, nothing in the catalogue is close to the question, and `note` says so."""

    query: AnswerQuery
    kind: Kind
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    sources: tuple[Source, ...]
    note: str = ""
    """Why the answer is not as expected: nothing is close, or the language model failed."""
    dropped_sentences: int = 0
    """Sentences of the language model that cited no existing passage."""
    degraded_reason: str = ""
    version_id: int | None = None

    @property
    def text(self) -> str:
        return " ".join(sentence.cited for sentence in self.sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """The sentences so far are withdrawn; another answer follows."""

    reason: str


#: A step of an answer: sentences, perhaps taken back, and finally the whole answer.
Step = Sentence | TakenBack | Answer
