"""Retrieval measured for an encoder alone: exact cosines, without an index and without words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from catalog.embedding.base import Encoder, FloatArray
from catalog.index.versions import room_tokens
from catalog.items.passages import split_passages
from catalog.judged.beir import asks_for_itself
from catalog.judged.collection import JudgedCollection
from catalog.ranking import metrics

OVERLAP_TOKENS = 32
DEPTH = 100
#: How many scores are held at a time: 64 MB as float32.
SCORES_AT_ONCE = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedDocuments:
    """Documents as their passages, one document after another."""

    ids: Sequence[str]
    passages: Sequence[str]
    vectors: FloatArray
    """(passages, dimensions)."""
    starts: npt.NDArray[np.int64]
    """(documents,): where each document's passages begin."""

    def owners(self) -> npt.NDArray[np.int64]:
        """(passages,): the index of each passage's document in `ids`."""
        return np.repeat(np.arange(len(self.ids)), np.diff([*self.starts, len(self.passages)]))

    def scores(self, queries: FloatArray) -> FloatArray:
        """(queries, documents): the cosine with the best passage. `queries` is (queries, dimensions)."""
        if not self.ids:
            return np.zeros((len(queries), 0), dtype=np.float32)
        return np.maximum.reduceat(queries @ self.vectors.T, self.starts, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalMeasures:
    """Means over the queries of a collection, and nDCG@10 of each query, in their order."""

    ndcg_by_query: tuple[float, ...]
    recall_at_100: float
    mrr_at_10: float

    @property
    def ndcg_at_10(self) -> float:
        return fmean(self.ndcg_by_query)


def encode_documents(encoder: Encoder, documents: Mapping[str, str]) -> EncodedDocuments:
    """Cut documents into passages as an index does, and encode them.

    Documents without tokens are left out, as from an index.
    """
    window = room_tokens(encoder, prompt=encoder.spec.document_prompt)
    overlap = min(OVERLAP_TOKENS, window // 2)
    ids: list[str] = []
    starts: list[int] = []
    passages: list[str] = []
    vectors = [np.zeros((0, encoder.dimensions), dtype=np.float32)]
    names = list(documents)
    for first in range(0, len(names), encoder.texts_at_once):
        some = names[first : first + encoder.texts_at_once]
        before = len(passages)
        offsets = encoder.token_offsets([documents[name] for name in some])
        for name, own in zip(some, offsets, strict=True):
            text = documents[name]
            spans = split_passages(text, own, window_tokens=window, overlap_tokens=overlap)
            if spans:
                ids.append(name)
                starts.append(len(passages))
                passages += [text[span.start : span.end] for span in spans]
        vectors.append(encoder.encode_documents(passages[before:]))
    return EncodedDocuments(
        ids=ids, passages=passages, vectors=np.concatenate(vectors), starts=np.array(starts, dtype=np.int64)
    )


def rankings(encoder: Encoder, queries: Mapping[str, str], documents: EncodedDocuments) -> dict[str, list[str]]:
    """The DEPTH best documents of each query, best first."""
    names = list(queries)
    vectors = encoder.encode_queries(list(queries.values()))
    found: dict[str, list[str]] = {}
    step = max(1, SCORES_AT_ONCE // max(len(documents.vectors), 1))
    for first in range(0, len(names), step):
        scores = documents.scores(vectors[first : first + step])
        for name, row in zip(names[first : first + step], scores, strict=True):
            found[name] = [documents.ids[place] for place in np.argsort(-row, kind="stable")[:DEPTH]]
    return found


def measure_retrieval(
    encoder: Encoder, collection: JudgedCollection, *, documents: EncodedDocuments | None = None
) -> RetrievalMeasures:
    """Measure retrieval on a collection; `documents` are its documents, if already encoded. Raises EncodingFailed."""
    documents = documents or encode_documents(encoder, collection.documents)
    judged = collection.judgements
    found = {
        query: [document for document in ranking if not _itself(collection, query, document)]
        for query, ranking in rankings(encoder, collection.queries, documents).items()
    }
    return RetrievalMeasures(
        ndcg_by_query=tuple(metrics.ndcg(ranking, judged[query], k=10) for query, ranking in found.items()),
        recall_at_100=fmean(metrics.recall(ranking, judged[query], k=100) for query, ranking in found.items()),
        mrr_at_10=fmean(metrics.reciprocal_rank(ranking, judged[query], k=10) for query, ranking in found.items()),
    )


def _itself(collection: JudgedCollection, query: str, document: str) -> bool:
    return asks_for_itself(
        query,
        collection.queries[query],
        document=document,
        content=collection.documents.get(document, ""),
        judged=collection.judgements[query],
    )
