"""Cross-encoders: models that read a query and a passage together and score how well they match."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from catalog.embedding.base import EncoderError, EncoderUnavailable, EncodingFailed, FloatArray
from catalog.embedding.engine.devices import asked_device, computes_bfloat16
from catalog.embedding.engine.failures import reason
from catalog.embedding.loading import Loader
from catalog.embedding.models import local_files

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

# Few at a time on a CPU, so that running out of time is noticed early; a GPU takes all reranked passages at once.
PASSAGES_AT_ONCE = {"cpu": 10, "cuda": 64}
# Kernels are compiled for each shape, so lengths are rounded up to a few distinct ones.
PAD_TO_TOKENS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankerSpec:
    """Identifies a reranker exactly: equal specifications give equal scores."""

    model: str
    revision: str = ""
    max_tokens: int | None = None
    """Longest query and passage together; None uses the model's own limit."""


class OutOfTime(EncoderError):
    """The passages cannot all be scored in the time available."""


class Reranker:
    """Scores passages for a query with any sentence-transformers CrossEncoder that gives one score per pair."""

    def __init__(self, spec: RerankerSpec) -> None:
        self.spec = spec
        self._model = _load(spec)
        self._at_once = PASSAGES_AT_ONCE.get(self._model.device.type, PASSAGES_AT_ONCE["cpu"])
        # The length that texts are cut to must itself be such a multiple.
        self._pad_to = math.gcd(PAD_TO_TOKENS, self._model.max_seq_length or PAD_TO_TOKENS)
        self._lock = threading.Lock()  # truncation is state of the tokenizer: one caller at a time

    def scores(self, query: str, passages: Sequence[str], *, budget_s: float) -> FloatArray:
        """Return a score between 0 and 1 for each passage, higher for a better one, as an array of shape (n,).

        Processes the passages in batches, longest first, and gives up as soon as the pace so far shows that the time
        will not suffice. Raises OutOfTime and EncodingFailed.
        """
        started = time.perf_counter()
        if not self._lock.acquire(timeout=budget_s):
            raise OutOfTime("The reranker is busy.")
        try:
            return self._scores(query, passages, started=started, budget_s=budget_s)
        finally:
            self._lock.release()

    def _scores(self, query: str, passages: Sequence[str], *, started: float, budget_s: float) -> FloatArray:
        scores = np.empty(len(passages), dtype=np.float32)
        by_length = sorted(range(len(passages)), key=lambda at: -len(passages[at]))
        characters_left = sum(len(query) + len(passage) for passage in passages)
        characters_done = 0
        began = time.perf_counter()
        for first in range(0, len(by_length), self._at_once):
            batch = by_length[first : first + self._at_once]
            scores[batch] = self._batch(query, [passages[at] for at in batch])
            done = sum(len(query) + len(passages[at]) for at in batch)
            characters_done, characters_left = characters_done + done, characters_left - done
            pace_s = (time.perf_counter() - began) / max(characters_done, 1)
            if time.perf_counter() - started + pace_s * characters_left > budget_s:
                raise OutOfTime(f"Reranking would take longer than {budget_s * 1000:.0f} ms.")
        return scores

    def _batch(self, query: str, passages: Sequence[str]) -> FloatArray:
        import torch

        try:
            logits = self._model.predict(
                [(query, passage) for passage in passages],
                batch_size=len(passages),
                show_progress_bar=False,
                activation_fn=torch.nn.Identity(),
                processing_kwargs={"text": {"pad_to_multiple_of": self._pad_to}},
            )
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise EncodingFailed(reason(error)) from error
        scores = 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)))
        if scores.shape != (len(passages),) or not np.isfinite(scores).all():
            raise EncodingFailed("The reranker returned scores that are not numbers.")
        return scores.astype(np.float32)


_rerankers: Loader[RerankerSpec, Reranker] = Loader(Reranker)


def reranker_for(spec: RerankerSpec, *, wait_s: float | None = None) -> Reranker:
    """Return the reranker of a specification, loaded once per process, in its own thread.

    Raises EncoderUnavailable if it cannot be loaded or is not there within `wait_s`; loading continues.
    """
    return _rerankers.get(spec, wait_s=wait_s)


def _load(spec: RerankerSpec) -> CrossEncoder:
    """Load the model's safetensors and nothing executable. Raises EncoderUnavailable."""
    files = local_files(spec.model)
    try:
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(
            str(files or spec.model),
            revision=spec.revision or None,
            device=asked_device(),
            local_files_only=files is not None,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
            max_length=spec.max_tokens,
        )
    except Exception as error:  # the libraries below raise a dozen kinds of error for a missing or broken file
        check = f"Check the files in {files}." if files else "Check its name and the network, or give a path."
        raise EncoderUnavailable(f"Reranker {spec.model} cannot be loaded ({reason(error)}). {check}") from error
    if model.num_labels != 1:
        raise EncoderUnavailable(
            f"Model {spec.model} gives {model.num_labels} scores for a pair; a reranker must give one."
        )
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions and model.max_seq_length:
        # Longer pairs are cut if a model has fewer positions than its limit of tokens.
        model.max_seq_length = min(model.max_seq_length, positions)
    model.eval()
    if computes_bfloat16(model.device.type):
        import torch

        model.to(torch.bfloat16)
    return model
