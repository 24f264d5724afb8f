"""Adapts an encoder to judged queries, and measures whether it is better on queries it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from catalog.adaptation.examples import mine_examples, part_queries, title_examples
from catalog.adaptation.model import TrainableModel
from catalog.adaptation.training import Trained, TrainingSettings, train
from catalog.embedding.base import EncoderSpec
from catalog.judged.collection import JudgedCollection
from catalog.judged.retrieval import encode_documents, measure_retrieval
from catalog.ranking.gains import Gain, gain_of

#: Of the held-out queries; with fewer, no difference can be told from chance.
FEWEST_HELD_OUT = 20
FEWEST_EXAMPLES = 30
#: Documents that the stopping queries are searched in after every epoch.
STOPPING_DOCUMENTS = 500
TITLES = 2_000
Report = Callable[[str], None]


class NotEnoughQueries(ValueError):
    """There are too few queries with known answers; the message says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptationPlan:
    """Which queries are held out, and how the encoder is trained on the others."""

    held_out: float = 0.3
    stopping: float = 0.2
    """The share of the queries not held out that decides when to stop."""
    training: TrainingSettings = field(default_factory=TrainingSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """The result of an adaptation: nDCG@10 of the held-out queries before and after, and the paired difference."""

    spec: EncoderSpec
    collection: str
    trained: Trained
    examples: int
    learning: int
    stopping: int
    held_out: int
    before: float
    after: float
    gain: Gain

    @property
    def better(self) -> bool:
        """Whether it is better with 95% confidence."""
        return self.gain.low > 0

    @property
    def verdict(self) -> str:
        if self.better:
            return "Better on held-out queries with 95% confidence, so it is offered for a reindex."
        if not self.trained.changed:
            return "No epoch was better on the validation queries, so the old encoder is kept."
        return "Not better on held-out queries with 95% confidence, so the old encoder is kept."

    def as_json(self) -> dict[str, Any]:
        return {
            "collection": self.collection,
            "examples": self.examples,
            "queries": {"learning": self.learning, "stopping": self.stopping, "held_out": self.held_out},
            "ndcg@10": round(self.after, 4),
            "ndcg@10_before": round(self.before, 4),
            "gain": self.gain.as_json(),
            "stopping_ndcg@10": {
                "before": round(self.trained.before, 4),
                "by_epoch": [round(figure, 4) for figure in self.trained.by_epoch],
            },
            "kept": self.trained.kept,
            "training_s": round(self.trained.seconds, 1),
        }


def adapt_encoder(
    base: EncoderSpec,
    collection: JudgedCollection,
    folder: Path,
    *,
    plan: AdaptationPlan,
    asked_at: Mapping[str, float] | None = None,
    report: Report = lambda message: None,
) -> Adaptation:
    """Train on some of the queries and measure on the held-out ones, the newest if it is known when they were made.

    The weights are saved in `folder` if they are certain to be better. Raises NotEnoughQueries, EncoderUnavailable and
    EncodingFailed.
    """
    parts = part_queries(collection.queries, held_out=plan.held_out, stopping=plan.stopping, asked_at=asked_at)
    if len(parts.held_out) < FEWEST_HELD_OUT:
        raise NotEnoughQueries(
            f"Answers are known for only {len(collection.queries)} queries; at least"
            f" {round(FEWEST_HELD_OUT / plan.held_out)} are needed to tell a better encoder from a worse one."
        )
    report("Looking for hard negatives")
    model = TrainableModel(base)
    documents = encode_documents(model, collection.documents)
    held_out = collection.asking(parts.held_out)
    before = np.array(measure_retrieval(model, held_out, documents=documents).ndcg_by_query)
    examples = mine_examples(model, collection.asking(parts.learning), documents)
    if len(examples) < FEWEST_EXAMPLES:
        raise NotEnoughQueries(f"There are {len(examples)} training pairs; at least {FEWEST_EXAMPLES} are needed.")
    stopping = collection.asking(parts.stopping).among(STOPPING_DOCUMENTS)
    report(f"Training on {len(examples):,} pairs")
    trained = train(
        model,
        examples,
        title_examples(collection, most=TITLES),
        figure=lambda model: measure_retrieval(model, stopping).ndcg_at_10,
        settings=plan.training,
    )
    report("Measuring on held-out queries")
    after = np.array(measure_retrieval(model, held_out).ndcg_by_query) if trained.changed else before
    adaptation = Adaptation(
        spec=replace(base, model=str(folder), revision=""),
        collection=collection.name,
        trained=trained,
        examples=len(examples),
        learning=len(parts.learning),
        stopping=len(parts.stopping),
        held_out=len(parts.held_out),
        before=fmean(before),
        after=fmean(after),
        gain=gain_of(after, before),
    )
    if adaptation.better:
        model.save(folder)
    return adaptation
