"""What the underlying libraries raise, and how to handle it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from catalog.embedding.base import EncoderOutOfMemory, EncodingFailed

logger = logging.getLogger(__name__)

Input = TypeVar("Input")
REASON_CHARACTERS = 300
# Messages of allocators without an exception of their own.
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "failed to allocate", "could not allocate")


def reason(error: BaseException) -> str:
    """The type of an error and the first line of its message."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:REASON_CHARACTERS]}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out: torch's on a GPU and Python's by type, others by message."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    said = str(error).lower()
    return "MemoryError" in kinds or "OutOfMemoryError" in kinds or any(words in said for words in OUT_OF_MEMORY)


def in_halves(
    run: Callable[[Sequence[Input]], Any],
    inputs: Sequence[Input],
    *,
    join: Callable[[Sequence[Any]], Any] = np.concatenate,
) -> Any:
    """Run a batch, halving it repeatedly if memory runs out; outputs are joined in the order of the inputs.

    Raises EncoderOutOfMemory if a single input does not fit, EncodingFailed on any other failure.
    """
    try:
        return run(inputs)
    except Exception as error:  # each of the underlying libraries has error types of its own
        if not is_out_of_memory(error):
            raise EncodingFailed(reason(error)) from error
        if len(inputs) == 1:
            raise EncoderOutOfMemory("Out of memory on a single input.") from error
        logger.warning("Out of memory on %d inputs; trying halves.", len(inputs))
    middle = len(inputs) // 2
    return join([in_halves(run, inputs[:middle], join=join), in_halves(run, inputs[middle:], join=join)])
