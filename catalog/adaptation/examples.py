"""What an encoder learns from: queries with a passage that answers them and passages that do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from catalog.embedding.base import Encoder
from catalog.judged.collection import JudgedCollection, chance
from catalog.judged.retrieval import EncodedDocuments

#: Positives per query: one with a hundred must not outweigh the others.
POSITIVES_PER_QUERY = 6
NEGATIVES_PER_EXAMPLE = 8
CANDIDATES = 100
#: A passage almost as close as the positive may well answer the query but never have been judged.
HARDEST_SHARE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A query and a passage that answers it. `answers` names all documents that do, none of which is a negative."""

    query: str
    positive: str
    document: str
    negatives: Sequence[tuple[str, str]]
    """Hard negatives: the id of the document and the passage."""
    answers: Set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Query ids for training, for stopping, and for measuring the result."""

    learning: frozenset[str]
    stopping: frozenset[str]
    held_out: frozenset[str]


def part_queries(
    queries: Collection[str], *, held_out: float, stopping: float, asked_at: Mapping[str, float] | None = None
) -> Parts:
    """Hold out the share `held_out` of the queries; of the others, the share `stopping` decides when to stop.

    Held out are the newest, if it is known when queries were made, otherwise random ones.
    """
    times = asked_at or {}
    ordered = sorted(queries, key=lambda query: (times.get(query, 0.0), chance(query)))
    kept = len(ordered) - round(len(ordered) * held_out)
    known = sorted(ordered[:kept], key=chance)
    learning = len(known) - round(len(known) * stopping)
    return Parts(
        learning=frozenset(known[:learning]),
        stopping=frozenset(known[learning:]),
        held_out=frozenset(ordered[kept:]),
    )


def mine_examples(encoder: Encoder, collection: JudgedCollection, documents: EncodedDocuments) -> list[Example]:
    """Pair each query with its best passages and with passages that the encoder wrongly considers close.

    A negative is one of the nearest passages of documents that nobody judged for the query, and is less than
    HARDEST_SHARE as close as the positive (Moreira et al., 2024: NV-Retriever).
    """
    owners, places = documents.owners(), {document: place for place, document in enumerate(documents.ids)}
    vectors = encoder.encode_queries(list(collection.queries.values()))
    examples = []
    for (query, text), vector in zip(collection.queries.items(), vectors, strict=True):
        grades = collection.judgements[query]
        scores = documents.vectors @ vector
        near = [int(place) for place in np.argsort(-scores, kind="stable")[:CANDIDATES]]
        others = [place for place in near if documents.ids[owners[place]] not in grades]
        for document in _positives(grades, places):
            best = _best_passage(documents, places[document], scores)
            hard = [place for place in others if scores[place] < HARDEST_SHARE * scores[best]]
            examples.append(
                Example(
                    query=text,
                    positive=documents.passages[best],
                    document=document,
                    negatives=[
                        (documents.ids[owners[place]], documents.passages[place])
                        for place in hard[:NEGATIVES_PER_EXAMPLE]
                    ],
                    answers={document for document, grade in grades.items() if grade > 0},
                )
            )
    return examples


def title_examples(collection: JudgedCollection, *, most: int) -> list[Example]:
    """Titles as queries for the rest of their documents.

    They keep an encoder from forgetting the whole catalogue for the sake of a few queries.
    """
    examples: list[Example] = []
    for document in sorted(collection.titles.keys() & collection.documents.keys(), key=chance):
        title = collection.titles[document]
        rest = collection.documents[document].removeprefix(title).strip()
        if title and rest and len(examples) < most:
            examples.append(Example(query=title, positive=rest, document=document, negatives=(), answers={document}))
    return examples


def _positives(grades: Mapping[str, float], places: Mapping[str, int]) -> list[str]:
    """The best available documents of a query."""
    relevant = [document for document, grade in grades.items() if grade > 0 and document in places]
    return sorted(relevant, key=lambda document: (-grades[document], chance(document)))[:POSITIVES_PER_QUERY]


def _best_passage(documents: EncodedDocuments, place: int, scores: np.ndarray) -> int:
    start = int(documents.starts[place])
    end = int(documents.starts[place + 1]) if place + 1 < len(documents.starts) else len(documents.passages)
    return start + int(np.argmax(scores[start:end]))
