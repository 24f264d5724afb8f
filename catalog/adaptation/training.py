"""The training loop: contrastive, with in-batch and hard negatives, stopped by queries that are not trained on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.adaptation.examples import Example
from catalog.adaptation.model import TrainableModel, half_precision

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How an encoder is trained. The rate is low and the epochs few, so that it forgets little."""

    learning_rate: float = 2e-5
    most_epochs: int = 4
    batch_examples: int = 32
    negatives: int = 1
    """Hard negatives per example in a batch."""
    max_tokens: int = 128
    """Texts are cut to this length in training, which largely determines its cost."""
    scale: float = 20.0
    """The factor applied to cosines: the inverse of the temperature."""
    mixed_share: float = 0.25
    """Batches of titles and their documents, as a share of the others."""
    warm_up: float = 0.1
    patience: int = 1
    """Epochs without a better figure that are tolerated; one more ends the training."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The outcome of a training: the stopping figure before and after each epoch, and which weights were kept."""

    before: float
    by_epoch: tuple[float, ...]
    kept: str
    seconds: float

    @property
    def changed(self) -> bool:
        return self.kept != "the old weights"


def train(
    model: TrainableModel,
    examples: Sequence[Example],
    titles: Sequence[Example],
    *,
    figure: Callable[[TrainableModel], float],
    settings: TrainingSettings,
) -> Trained:
    """Change the model's weights to those with the best `figure` seen.

    Candidates are the old weights, those after each epoch, and the mean of the old and the best, which is often better
    than either and forgets less (Wortsman et al., 2022: WiSE-FT).
    """
    import torch

    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    started = time.monotonic()
    before = figure(model)
    old = model.weights()
    best, kept, best_weights, waited = before, "the old weights", old, 0
    by_epoch: list[float] = []
    optimiser, schedule = _optimiser(model, settings, steps=_steps(len(examples), settings) * settings.most_epochs)
    for epoch in range(1, settings.most_epochs + 1):
        model.model.train()
        for batch in _batches(examples, titles, random, settings):
            loss = _loss(model, batch, random, settings)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        by_epoch.append(figure(model))
        logger.info("Epoch %d: %.4f, %.4f before training", epoch, by_epoch[-1], before)
        if by_epoch[-1] > best:
            best, kept, best_weights, waited = by_epoch[-1], f"epoch {epoch}", model.weights(), 0
        elif (waited := waited + 1) > settings.patience:
            break
    if kept != "the old weights":
        mean = {
            name: (weight + best_weights[name]) / 2 if weight.is_floating_point() else weight
            for name, weight in old.items()
        }
        model.set_weights(mean)
        if figure(model) >= best:
            kept, best_weights = f"the mean of the old weights and those of {kept}", mean
    model.set_weights(best_weights)
    return Trained(before=before, by_epoch=tuple(by_epoch), kept=kept, seconds=time.monotonic() - started)


def _steps(examples: int, settings: TrainingSettings) -> int:
    batches = -(-examples // settings.batch_examples)
    return batches + round(batches * settings.mixed_share)


def _optimiser(model: TrainableModel, settings: TrainingSettings, *, steps: int) -> tuple[Any, Any]:
    """AdamW with a rate that rises for a tenth of the steps and falls to 0 at the last."""
    import torch

    optimiser = torch.optim.AdamW(model.model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    warm = max(1, round(steps * settings.warm_up))

    def rate(step: int) -> float:
        return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, rate)


def _batches(
    examples: Sequence[Example], titles: Sequence[Example], random: np.random.Generator, settings: TrainingSettings
) -> Iterator[list[Example]]:
    """One epoch: every example once, interspersed with some batches of titles."""
    size = settings.batch_examples
    order = random.permutation(len(examples))
    batches = [[examples[place] for place in order[first : first + size]] for first in range(0, len(order), size)]
    if titles:
        for _ in range(round(len(batches) * settings.mixed_share)):
            chosen = random.choice(len(titles), size=min(size, len(titles)), replace=False)
            batches.append([titles[place] for place in chosen])
    for place in random.permutation(len(batches)):
        yield batches[place]


def _loss(
    model: TrainableModel, batch: Sequence[Example], random: np.random.Generator, settings: TrainingSettings
) -> torch.Tensor:
    """Cross-entropy of each query's own passage among all passages of the batch, without others that also answer it.

    Multiple negatives ranking (Henderson et al., 2017).
    """
    import torch
    from torch.nn.functional import cross_entropy

    passages = [(example.document, example.positive) for example in batch]
    for example in batch:
        chosen = random.permutation(len(example.negatives))[: settings.negatives]
        passages += [example.negatives[place] for place in chosen]
    with half_precision(model.model.device.type):
        queries = model.vectors(
            [model.spec.query_prompt + example.query for example in batch], max_tokens=settings.max_tokens
        )
        documents = model.vectors(
            [model.spec.document_prompt + text for _, text in passages], max_tokens=settings.max_tokens
        )
    scores = queries @ documents.T * settings.scale
    also = torch.tensor(
        [
            [place != own and document in example.answers for place, (document, _) in enumerate(passages)]
            for own, example in enumerate(batch)
        ],
        device=scores.device,
    )
    return cross_entropy(scores.masked_fill(also, float("-inf")), torch.arange(len(batch), device=scores.device))
