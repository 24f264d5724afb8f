"""Two encoders compared: retrieval quality, semantic similarity, speed and size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import make_encoder
from catalog.judged.collection import JudgedCollection, chance
from catalog.judged.cost import Speed, Weights, measure_speed, weights_of
from catalog.judged.pairs import ScoredPair, measure_similarity
from catalog.judged.retrieval import RetrievalMeasures, encode_documents, measure_retrieval
from catalog.ranking.gains import Gain, gain_of

#: Vectors are stored in half precision.
BYTES_PER_DIMENSION = 2
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFigures:
    """Everything measured for one encoder."""

    spec: EncoderSpec
    dimensions: int
    max_tokens: int
    runtimes: tuple[str, str] | None
    """The runtimes for documents and for queries, if the encoder has a choice of them."""
    speed: Speed
    weights: Weights | None
    retrieval: RetrievalMeasures | None = None
    """None without judged queries."""
    spearman: float | None = None
    """Spearman's correlation of cosines and scores; None without scored pairs."""

    def as_json(self) -> dict[str, Any]:
        retrieval = self.retrieval
        return {
            "backend": self.spec.backend,
            "model": self.spec.model,
            "ndcg@10": round(retrieval.ndcg_at_10, 4) if retrieval else None,
            "recall@100": round(retrieval.recall_at_100, 4) if retrieval else None,
            "mrr@10": round(retrieval.mrr_at_10, 4) if retrieval else None,
            "spearman": round(self.spearman, 4) if self.spearman is not None else None,
            "runtime": " and ".join(dict.fromkeys(self.runtimes)) if self.runtimes else None,
            "texts_per_s": round(self.speed.texts_per_s, 1),
            "query_ms": round(self.speed.query_ms, 2),
            "parameters": self.weights.parameters if self.weights else None,
            "disk_bytes": self.weights.disk_bytes if self.weights else None,
            "dimensions": self.dimensions,
            "vector_bytes": self.dimensions * BYTES_PER_DIMENSION,
            "max_tokens": self.max_tokens,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderReport:
    """The figures of an encoder, and of a candidate if there was one, on the same queries and documents."""

    source: str
    queries: int
    documents: int
    base: EncoderFigures
    candidate: EncoderFigures | None = None

    @property
    def gain(self) -> Gain | None:
        """The candidate's gain in nDCG@10, with its 95% interval."""
        if self.candidate is None or self.base.retrieval is None or self.candidate.retrieval is None:
            return None
        ours, theirs = (np.array(one.retrieval.ndcg_by_query) for one in (self.base, self.candidate) if one.retrieval)
        return gain_of(theirs, ours)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each encoder; the candidate's has its gain, and its speed as ratios to the base's."""
        rows = [self.base.as_json()]
        if self.candidate is not None:
            ours, theirs = self.base.speed, self.candidate.speed
            gain = {"gain": self.gain.as_json()} if self.gain else {}
            ratios = {
                "texts_per_s_ratio": round(theirs.texts_per_s / ours.texts_per_s, 3),
                "query_ms_ratio": round(theirs.query_ms / ours.query_ms, 3),
            }
            rows.append(self.candidate.as_json() | gain | ratios)
        on = {"collection": self.source, "queries": self.queries, "documents": self.documents}
        return [on | row for row in rows]


def compare_encoders(
    base: EncoderSpec,
    candidate: EncoderSpec | None,
    *,
    collection: JudgedCollection | None,
    pairs: Sequence[ScoredPair] = (),
    report: Report = lambda message: None,
) -> EncoderReport:
    """Measure one encoder or two, holding the vectors of one at a time. `report` is called at each step.

    Raises EncoderUnavailable and EncodingFailed.
    """
    specs = [base] if candidate is None else [base, candidate]
    encoders = {}
    for place, spec in enumerate(specs):
        report(f"Loading {spec.model}")
        encoders[str(place)] = make_encoder(spec)
    retrieved: dict[str, RetrievalMeasures | None] = dict.fromkeys(encoders)
    similar: dict[str, float | None] = dict.fromkeys(encoders)
    for name, encoder in encoders.items():
        if collection is not None:
            report(f"Encoding {len(collection.documents):,} documents with {encoder.spec.model}")
            documents = encode_documents(encoder, collection.documents)
            retrieved[name] = measure_retrieval(encoder, collection, documents=documents)
        if pairs:
            similar[name] = measure_similarity(encoder, pairs)
    report("Measuring speed")
    speeds = measure_speed(encoders, **_material(collection, pairs))
    figures = [
        EncoderFigures(
            spec=specs[int(name)],
            dimensions=encoder.dimensions,
            max_tokens=encoder.max_tokens,
            runtimes=getattr(encoder, "runtimes", None),
            speed=speeds[name],
            weights=weights_of(specs[int(name)]),
            retrieval=retrieved[name],
            spearman=similar[name],
        )
        for name, encoder in encoders.items()
    ]
    return EncoderReport(
        source=collection.name if collection else "",
        queries=len(collection.queries) if collection else 0,
        documents=len(collection.documents) if collection else 0,
        base=figures[0],
        candidate=figures[1] if candidate is not None else None,
    )


def _material(collection: JudgedCollection | None, pairs: Sequence[ScoredPair]) -> Mapping[str, Sequence[str]]:
    """Texts and queries to time with, in random order."""
    if collection is not None:
        documents = collection.documents
        return {
            "texts": [documents[name] for name in sorted(documents, key=chance)],
            "queries": [collection.queries[name] for name in sorted(collection.queries, key=chance)],
        }
    return {"texts": [pair.first for pair in pairs], "queries": [pair.second for pair in pairs]}
