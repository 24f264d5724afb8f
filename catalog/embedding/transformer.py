"""Any sentence-transformers model or plain transformer checkpoint (mean pooling) as an encoder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, FloatArray, checked
from catalog.embedding.batching import batches_by_tokens
from catalog.embedding.engine.checkpoint import load
from catalog.embedding.engine.failures import in_halves

# Small batches keep a CPU's caches warm; a GPU wants as much as fits.
BUDGET_TOKENS = {"cpu": 2_000, "cuda": 65_536}
TEXTS_AT_ONCE = {"cpu": 256, "cuda": 4_096}
# Kernels are compiled for each shape they meet, so lengths are rounded up to few different ones.
PAD_TO_TOKENS = 16


class TransformerEncoder:
    """Runs a transformer over batches of similar length, in bfloat16 where the machine computes in it natively."""

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._model = load(spec)
        self._device = self._model.device.type
        self._budget_tokens = BUDGET_TOKENS.get(self._device, BUDGET_TOKENS["cpu"])
        self.texts_at_once = TEXTS_AT_ONCE.get(self._device, TEXTS_AT_ONCE["cpu"])
        self._lock = threading.Lock()  # the tokenizer's truncation is state: one caller at a time
        full = self._model.get_embedding_dimension()
        if full is None:
            raise EncoderUnavailable(f"Model {spec.model} does not say how many dimensions its vectors have.")
        if spec.dimensions is not None and spec.dimensions > full:
            raise EncoderUnavailable(f"Model {spec.model} has {full} dimensions, {spec.dimensions} were asked for.")
        self.dimensions = spec.dimensions or full
        own_limit = self._model.max_seq_length or 512
        self.max_tokens = min(spec.max_tokens or own_limit, own_limit)
        self._model.max_seq_length = self.max_tokens

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.document_prompt + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.query_prompt + text for text in texts])

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        if not texts:
            return []
        with self._lock:
            encoded = self._model.tokenizer(
                list(texts), add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False
            )
        return [[(start, end) for start, end in offsets] for offsets in encoded["offset_mapping"]]

    def _encode(self, texts: list[str]) -> FloatArray:
        """Vectors in the order of the texts, whatever order they are computed in."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return vectors
        with self._lock:
            tokens = self._model.tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
            lengths = [_padded(len(ids)) for ids in tokens]
            for batch in batches_by_tokens(lengths, budget_tokens=self._budget_tokens):
                vectors[batch] = in_halves(self._encode_batch, [tokens[index] for index in batch])
        return checked(vectors, count=len(texts), dimensions=self.dimensions)

    def _encode_batch(self, tokens: Sequence[list[int]]) -> FloatArray:
        """One forward pass."""
        import torch

        with torch.inference_mode():
            features = self._model.tokenizer.pad(
                {"input_ids": list(tokens)}, pad_to_multiple_of=PAD_TO_TOKENS, return_tensors="pt"
            )
            output: Any = self._model(dict(features.to(self._model.device)))["sentence_embedding"]
            return output[:, : self.dimensions].float().cpu().numpy()


def _padded(length_tokens: int) -> int:
    return -(-length_tokens // PAD_TO_TOKENS) * PAD_TO_TOKENS
