"""What is asked and what is answered."""

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
    """Prose of a language model, of which every sentence names passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuery:
    text: str
    filter: str | Filter | None = ""
    passages: int = DEFAULT_PASSAGES
    """The most passages to answer from."""
    generate: bool = True
    """Whether a language model may write the answer, if the site has one."""
    version_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage that an answer may rest on; `marker` is its number in the text, in square brackets."""

    marker: int
    item: Item
    text: str
    start: int
    end: int
    """Characters `start` up to `end` of the item's document, or of its body where it is not embedded."""
    cosine: float | None = None
    """With the question; None where meaning could not be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of an answer and the sources it names."""

    text: str
    markers: tuple[int, ...]

    @property
    def cited(self) -> str:
        return f"{self.text} {''.join(f'[{marker}]' for marker in self.markers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that the answer names; `quotes` are the characters of its text that stand in the answer."""

    source: Source
    quotes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The passages found for a question, best first."""

    query: AnswerQuery
    looked_for: str
    """The question, or what it was taken for where its words are mistyped."""
    sources: tuple[Source, ...]
    version: IndexVersion | None = None
    degraded_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer. Without sentences nothing in the catalogue is close to the question, and `note` says so."""

    query: AnswerQuery
    kind: Kind
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    sources: tuple[Source, ...]
    note: str = ""
    """Why the answer is not what was hoped for: nothing is close, or the language model failed."""
    dropped_sentences: int = 0
    """Those that the language model wrote and that named no passage there is."""
    degraded_reason: str = ""
    version_id: int | None = None

    @property
    def text(self) -> str:
        return " ".join(sentence.cited for sentence in self.sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What has been said so far does not count; another answer follows."""

    reason: str


#: An answer as it comes about: sentences, perhaps taken back, and in the end the whole answer.
Step = Sentence | TakenBack | Answer
