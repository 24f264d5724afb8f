"""Attention as ONNX runtimes know it: a matrix product, a bias, a softmax and another matrix product.

Torch's export of its own attention writes out a mask for every pair of tokens and looks for rows of padding only, of
which there are none. OpenVINO and ONNX Runtime then compute each step separately; OpenVINO turns the plain form into
one kernel. It saves OpenVINO a seventh of the time, and ONNX Runtime a twelfth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

ATTENTION = "plain"
#: Far below any score, but far from the lowest number of bfloat16.
HIDDEN = -1e9


@contextmanager
def plain_attention(transformer: Any) -> Iterator[None]:
    """Make a transformers model use it. A model that accepts no external attention keeps its own."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(ATTENTION, _attend)
    AttentionMaskInterface.register(ATTENTION, _bias)
    before = transformer.config._attn_implementation
    transformer.set_attn_implementation(ATTENTION)
    try:
        yield
    finally:
        transformer.set_attn_implementation(before)


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Shapes (texts, heads, tokens, width) in, (texts, tokens, heads, width) out."""
    from transformers.integrations.sdpa_attention import repeat_kv

    groups = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    scores = (query * (query.shape[-1] ** -0.5 if scaling is None else scaling)) @ key.transpose(2, 3)
    if attention_mask is not None:
        scores = scores + attention_mask
    return (scores.softmax(dim=-1) @ value).transpose(1, 2), None


def _bias(*, mask_function: Callable[..., Any], attention_mask: Tensor | None, dtype: Any, **arguments: Any) -> Any:
    """The bias added to scores, of shape (texts, 1, tokens, tokens).

    If every token sees all others, its shape is (texts, 1, 1, tokens).
    """
    from transformers.masking_utils import bidirectional_mask_function, eager_mask

    if mask_function is bidirectional_mask_function and attention_mask is not None:
        return ((1 - attention_mask.to(dtype)) * HIDDEN)[:, None, None, :]
    return eager_mask(mask_function=mask_function, attention_mask=attention_mask, dtype=dtype, **arguments)
