"""An encoder whose vectors can be worked out by hand, and judged collections on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from catalog.embedding.base import EncoderSpec, FloatArray
from catalog.judged.collection import JudgedCollection

WORDS = ("ship", "storm", "robot", "love", "town")


class WordCounter:
    """One dimension for each of five words; a token is a word, and a text has room for six and two special ones."""

    dimensions, max_tokens, texts_at_once = len(WORDS), 8, 2

    def __init__(self, model: str = "words") -> None:
        self.spec = EncoderSpec(model=model)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        counts = [[text.split().count(word) for word in WORDS] for text in texts]
        vectors = np.array(counts, dtype=np.float32).reshape(len(texts), len(WORDS)) + 1e-3
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    encode_queries = encode_documents

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        found = []
        for text in texts:
            place, own = 0, []
            for word in text.split():
                start = text.index(word, place)
                place = start + len(word)
                own.append((start, place))
            found.append(own)
        return found


def collection_of(
    documents: Mapping[str, str],
    queries: Mapping[str, str],
    judgements: Mapping[str, Mapping[str, float]],
    titles: Mapping[str, str] | None = None,
) -> JudgedCollection:
    return JudgedCollection(
        name="tiny", documents=documents, queries=queries, judgements=judgements, titles=titles or {}
    )


def write_collection(folder: Path, collection: JudgedCollection) -> Path:
    """Write a collection in the BEIR form, without titles."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"corpus": collection.documents, "queries": collection.queries}
    for name, texts in rows.items():
        lines = [json.dumps({"_id": key, "text": text}) for key, text in texts.items()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    judged = [
        f"{query}\t{document}\t{grade:g}"
        for query, grades in collection.judgements.items()
        for document, grade in grades.items()
    ]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n")
    return folder
