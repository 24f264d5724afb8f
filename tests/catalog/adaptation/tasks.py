"""A task that a small encoder with random weights learns within seconds: words that stand for other words."""

from __future__ import annotations

from itertools import combinations

from catalog.adaptation.training import TrainingSettings
from catalog.judged.collection import JudgedCollection
from tests.catalog.judged.encoders import collection_of

STAND_FOR = {
    "boat": "winter", "cat": "train", "city": "story", "dog": "star", "fog": "passage", "ghost": "lost",
    "harbour": "man", "island": "woman", "rain": "year", "robot": "war", "sea": "town", "ship": "love",
}  # fmt: skip
FAST = TrainingSettings(learning_rate=3e-3, most_epochs=12, patience=12, batch_examples=16, mixed_share=0.0)


def made_up_collection() -> JudgedCollection:
    """Queries of two words, each answered by the document with the words that these stand for: 66 of them."""
    documents, queries, judgements = {}, {}, {}
    for first, second in combinations(STAND_FOR, 2):
        name = f"{first} {second}"
        documents[name] = f"the {STAND_FOR[first]} and the {STAND_FOR[second]}"
        queries[name] = name
        judgements[name] = {name: 1.0}
    return collection_of(documents, queries, judgements)
