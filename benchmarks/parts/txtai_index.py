"""Run by the Python of txtai's own environment: builds an index of texts whose vectors are already known.

    python txtai_index.py MODEL TEXTS.json VECTORS.npy INDEX

It is saved as if the model had embedded the texts, so the server embeds its queries with that model.
"""

import json
import sys
from pathlib import Path

import numpy as np
from txtai import Embeddings  # type: ignore[import-not-found]

model, texts, vectors, index = sys.argv[1:]
rows = json.loads(Path(texts).read_text(encoding="utf-8"))
known = dict(zip(rows, np.load(vectors), strict=True))


def transform(asked: list[str]) -> np.ndarray:
    return np.array([known[text] for text in asked])


embeddings = Embeddings({"method": "external", "transform": transform, "content": True})
embeddings.index((str(place), text, None) for place, text in enumerate(rows))
del embeddings.config["transform"], embeddings.config["method"]
embeddings.config["path"] = model
embeddings.save(index)
