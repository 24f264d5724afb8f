"""What an encoder learns from: queries with a passage that answers them and passages that do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from catalog.embedding.base import Encoder
from catalog.judged.collection import JudgedCollection, chance
from catalog.judged.retrieval import EncodedDocuments

#: Positives of a query: one with a hundred must not outweigh the others.
POSITIVES_PER_QUERY = 6
NEGATIVES_PER_EXAMPLE = 8
CANDIDATES = 100
#: A passage almost as close as the positive may well answer the query and only have been judged by nobody.
HARDEST_SHARE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A query and a passage that answers it. `answers` names all documents that do, which are no negatives of it."""

    query: str
    positive: str
    document: str
    negatives: Sequence[tuple[str, str]]
    """Hard negatives: the id of the document and the passage."""
    answers: Set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Ids of queries: to learn from, to stop by, and to judge the result by."""

    learning: frozenset[str]
    stopping: frozenset[str]
    held_out: frozenset[str]


def part_queries(
    queries: Collection[str], *, held_out: float, stopping: float, asked_at: Mapping[str, float] | None = None
) -> Parts:
    """Hold the share `held_out` of the queries out, the newest where it is known when they were asked, else by chance;
    of the others the share `stopping` says when to stop."""
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
    """Pair each query with its best passages and with passages that the encoder wrongly takes for close.

    A negative is one of the nearest passages of documents that nobody judged for the query, and no closer than
    HARDEST_SHARE of the positive (Moreira et al., 2024: NV-Retriever).
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
    """Titles as queries for the rest of their documents: what keeps an encoder from forgetting the whole catalogue for
    a few queries."""
    examples: list[Example] = []
    for document in sorted(collection.titles.keys() & collection.documents.keys(), key=chance):
        title = collection.titles[document]
        rest = collection.documents[document].removeprefix(title).strip()
        if title and rest and len(examples) < most:
            examples.append(Example(query=title, positive=rest, document=document, negatives=(), answers={document}))
    return examples


def _positives(grades: Mapping[str, float], places: Mapping[str, int]) -> list[str]:
    """The best documents of a query that are there."""
    relevant = [document for document, grade in grades.items() if grade > 0 and document in places]
    return sorted(relevant, key=lambda document: (-grades[document], chance(document)))[:POSITIVES_PER_QUERY]


def _best_passage(documents: EncodedDocuments, place: int, scores: np.ndarray) -> int:
    start = int(documents.starts[place])
    end = int(documents.starts[place + 1]) if place + 1 < len(documents.starts) else len(documents.passages)
    return start + int(np.argmax(scores[start:end]))
