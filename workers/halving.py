"""Encoding many inputs together when one of them may be at fault."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from catalog.embedding.base import EncoderUnavailable, EncodingFailed

logger = logging.getLogger(__name__)
Input = TypeVar("Input")
Output = TypeVar("Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why one input could not be encoded."""

    reason: str


def encode_halving(
    encode: Callable[[Sequence[Input]], Iterable[Output]], inputs: Sequence[Input]
) -> list[Output | Refused]:
    """Encode all inputs together; if that fails, in halves, until the input at fault is alone.

    Returns, for each input in order, its output or the reason why there is none. Raises EncoderUnavailable, which is no
    input's fault.
    """
    if not inputs:
        return []
    try:
        outputs: list[Output | Refused] = list(encode(inputs))
        if len(outputs) != len(inputs):
            raise ValueError(f"{len(outputs)} outputs for {len(inputs)} inputs")
        return outputs
    except EncoderUnavailable:
        raise
    except EncodingFailed as error:
        reason = str(error)
    except Exception as error:  # an encoder that breaks its contract must not stop the other inputs
        logger.exception("The encoder broke its contract")
        reason = f"{type(error).__name__}: {error}"
    if len(inputs) == 1:
        return [Refused(reason=reason)]
    logger.warning("%d inputs failed together (%s); trying halves.", len(inputs), reason)
    middle = len(inputs) // 2
    return encode_halving(encode, inputs[:middle]) + encode_halving(encode, inputs[middle:])
