"""The cost of a version's storage in quality: nDCG@10 as stored and searched, against an exact scan in float32."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from catalog.embedding.base import Encoder, FloatArray, checked
from catalog.embedding.registry import encoder_for, share
from catalog.items.documents import render_document
from catalog.judged.beir import judged_queries
from catalog.models import IndexVersion, Item, Passage
from catalog.ranking import metrics
from catalog.search.dense import nearest, vector_search
from catalog.search.scope import EVERYTHING


class RecordingEncoder:
    """An encoder that returns the version's dimensions, and keeps document vectors with all of them, as float32."""

    def __init__(self, version: IndexVersion) -> None:
        self.spec = version.encoder_spec
        self._full: Encoder = encoder_for(replace(self.spec, dimensions=None))
        self.dimensions, self.max_tokens = version.dimensions, self._full.max_tokens
        self.texts_at_once = self._full.texts_at_once
        self.documents: dict[str, FloatArray] = {}
        share(self, self.spec)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        vectors = self._full.encode_documents(texts)
        self.documents.update(zip(texts, vectors, strict=True))
        return self._shortened(vectors)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._shortened(self.full_queries(texts))

    def full_queries(self, texts: Sequence[str]) -> FloatArray:
        """(n, dimensions of the model), float32."""
        return self._full.encode_queries(texts)

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return self._full.token_offsets(texts)

    def _shortened(self, vectors: FloatArray) -> FloatArray:
        return checked(vectors[:, : self.dimensions], count=len(vectors), dimensions=self.dimensions)


def storage_loss(directory: Path, version: IndexVersion, encoder: RecordingEncoder) -> dict[str, Any]:
    """Mean nDCG@10 of both rankings, by meaning alone, over the judged queries of a loaded and embedded collection.

    `loss` is the cost of half precision or signs, of fewer dimensions, and of the graph if one is searched, together.
    """
    queries, judgements = judged_queries(directory)
    names = dict(Item.objects.values_list("pk", "external_id"))
    texts = [text for _, text in queries]
    exact = _exactly(version, encoder, encoder.full_queries(texts))
    stored = _as_stored(version, encoder.encode_queries(texts))

    def ndcg(rankings: Iterable[list[int]]) -> float:
        return fmean(
            metrics.ndcg([names[item] for item in ranking], judgements[query], k=10)
            for (query, _), ranking in zip(queries, rankings, strict=True)
        )

    exact_ndcg, stored_ndcg = ndcg(exact), ndcg(stored)
    return {
        "storage": version.storage,
        "dimensions": version.dimensions,
        "searched_exactly": version.searched_exactly,
        "ef_search": version.ef_search,
        "ndcg@10_by_meaning_float32_exact": round(exact_ndcg, 4),
        "ndcg@10_by_meaning_as_stored": round(stored_ndcg, 4),
        "loss": round(exact_ndcg - stored_ndcg, 4),
    }


def _exactly(version: IndexVersion, encoder: RecordingEncoder, queries: FloatArray) -> list[list[int]]:
    """The ten best items of each query by the best of their passages."""
    owners, vectors = _full_passages(version, encoder.documents)
    rankings = []
    for similarities in queries @ vectors.T:
        best: dict[int, None] = {}
        for at in np.argsort(-similarities, kind="stable"):
            best.setdefault(owners[at])
            if len(best) == 10:
                break
        rankings.append(list(best))
    return rankings


def _full_passages(version: IndexVersion, known: Mapping[str, FloatArray]) -> tuple[list[int], FloatArray]:
    """The item of each passage, and the passages' vectors, (n, dimensions of the model)."""
    documents = {item.pk: render_document(item, version.document_template) for item in Item.objects.published()}
    spans = list(
        Passage.objects.filter(version_id=version.pk)
        .order_by("item_id", "ordinal")
        .values_list("item_id", "span_start", "span_end")
    )
    vectors = [known[documents[item][start:end]] for item, start, end in spans]
    return [item for item, _, _ in spans], np.stack(vectors)


def _as_stored(version: IndexVersion, queries: FloatArray) -> list[list[int]]:
    rankings: list[list[int]] = []
    with vector_search() as cursor:
        for vector in queries:
            rankings.append(list(nearest(cursor, version, vector.tolist(), EVERYTHING).passages)[:10])
    return rankings
