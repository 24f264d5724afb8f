"""Torch without padding: all texts of a batch in one row, with attention confined to each text.

The kernel is flash attention for sequences of different lengths (Dao, 2023, https://arxiv.org/abs/2307.08691), called
through `torch.nn.attention.varlen` on a GPU. On a CPU attention is computed for each text separately: slow, and only
for the tests. Needs a transformers architecture that accepts an attention function and positions from outside.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from catalog.embedding.engine.checkpoint import transformer_of
from catalog.embedding.engine.failures import reason
from catalog.embedding.engine.samples import SAMPLE_TEXTS, least_cosine
from catalog.embedding.engine.tokens import TokenIds, Tokens, packed
from catalog.embedding.engine.torch_padded import TorchPadded

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

logger = logging.getLogger(__name__)

ATTENTION = "packed"
# Rounding in bfloat16 depends on the order of sums; a wrong position or a leak between texts gives far lower values.
LEAST_COSINE = 0.999


class TorchPacked(TorchPadded):
    """Runs the transformer over one row of tokens, and the modules after it (pooling first) unchanged."""

    name = "torch, packed"
    pad_to_tokens = 1

    def __init__(self, model: SentenceTransformer, *, pad_id: int) -> None:
        super().__init__(model, pad_id=pad_id)
        from transformers import AttentionInterface

        AttentionInterface.register(ATTENTION, _attend)
        self._transformer = transformer_of(model)
        if "position_ids" not in inspect.signature(self._transformer.forward).parameters:
            raise ValueError("The architecture takes no position ids.")
        self._first_position = _first_position(self._transformer)
        self._transformer.set_attn_implementation(ATTENTION)

    def compute(self, tokens: Sequence[TokenIds]) -> Tensor:
        import torch

        ids, positions, starts = packed(tokens, first_position=self._first_position)
        longest = max(len(own) for own in tokens)
        with torch.inference_mode():
            places = self.to_device(starts)
            hidden = self._transformer(
                input_ids=self.to_device(ids)[None],
                position_ids=self.to_device(positions)[None],
                cu_seq_lens_q=places,
                cu_seq_lens_k=places,
                max_length_q=longest,
                max_length_k=longest,
            ).last_hidden_state
            features = {"token_embeddings": hidden, "cu_seq_lens_q": places}
            for module in list(self.model)[1:]:
                features = module(features)
            return features["sentence_embedding"].float()


def _first_position(transformer: Any) -> int:
    """RoBERTa-style models count positions from after the padding token's id."""
    embeddings: Any = getattr(transformer, "embeddings", None)
    return embeddings.padding_idx + 1 if hasattr(embeddings, "create_position_ids_from_input_ids") else 0


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    cu_seq_lens_q: Tensor,
    max_length_q: int,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention within each text. Shapes (1, heads, tokens, width) in, (1, tokens, heads, width) out."""
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    rows = [tensor[0].transpose(0, 1) for tensor in (query, key, value)]
    attend = _on_gpu if query.is_cuda else _one_by_one
    return attend(*rows, starts=cu_seq_lens_q, longest=max_length_q, scale=scaling, causal=causal)[None], None


def _on_gpu(
    query: Tensor, key: Tensor, value: Tensor, *, starts: Tensor, longest: int, scale: float | None, causal: bool
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    window = (-1, 0) if causal else (-1, -1)
    grouped = query.shape[1] != key.shape[1]
    attended: Any = varlen_attn(
        query, key, value, starts, starts, longest, longest, scale=scale, window_size=window, enable_gqa=grouped
    )
    return attended


def _one_by_one(
    query: Tensor, key: Tensor, value: Tensor, *, starts: Tensor, longest: int, scale: float | None, causal: bool
) -> Tensor:
    import torch

    grouped = query.shape[1] != key.shape[1]
    places = starts.tolist()
    attended = []
    for start, end in pairwise(places):
        own_query, own_key, own_value = (rows[start:end].transpose(0, 1) for rows in (query, key, value))
        own = torch.nn.functional.scaled_dot_product_attention(
            own_query, own_key, own_value, scale=scale, is_causal=causal, enable_gqa=grouped
        )
        attended.append(own.transpose(0, 1))
    return torch.cat(attended)


def packed_where_it_fits(padded: TorchPadded, tokens: Tokens, *, pad_id: int) -> TorchPadded:
    """Return a packed runtime of the same model if it gives the same vectors, otherwise the padded one."""
    transformer = transformer_of(padded.model)
    before = transformer.config._attn_implementation
    sample = tokens.ids(SAMPLE_TEXTS)
    expected = padded.fetch(padded.compute(sample))
    try:
        runtime = TorchPacked(padded.model, pad_id=pad_id)
        cosine = least_cosine(expected, runtime.fetch(runtime.compute(sample)))
        if cosine >= LEAST_COSINE:
            return runtime
        logger.warning("Packed batches are not used: their vectors differ (cosine %.4f).", cosine)
    except Exception as error:  # whatever an architecture raises for arguments it does not know
        logger.warning("Packed batches are not used: %s.", reason(error))
    transformer.set_attn_implementation(before)
    return padded
