"""What the libraries beneath raise, and what to make of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from catalog.embedding.base import EncoderOutOfMemory, EncodingFailed

logger = logging.getLogger(__name__)

Input = TypeVar("Input")
REASON_CHARACTERS = 300
# What allocators without an exception of their own say.
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "failed to allocate", "could not allocate")


def reason(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:REASON_CHARACTERS]}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: torch's on a GPU and Python's by their kind, others by their text."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    said = str(error).lower()
    return "MemoryError" in kinds or "OutOfMemoryError" in kinds or any(words in said for words in OUT_OF_MEMORY)


def in_halves(
    run: Callable[[Sequence[Input]], Any],
    inputs: Sequence[Input],
    *,
    join: Callable[[Sequence[Any]], Any] = np.concatenate,
) -> Any:
    """Run a batch, in halves of halves where memory runs out; outputs joined in the order of the inputs.

    Raises EncoderOutOfMemory when a single input does not fit, EncodingFailed on any other failure.
    """
    try:
        return run(inputs)
    except Exception as error:  # each of the libraries beneath has kinds of its own
        if not is_out_of_memory(error):
            raise EncodingFailed(reason(error)) from error
        if len(inputs) == 1:
            raise EncoderOutOfMemory("Out of memory on a single input.") from error
        logger.warning("Out of memory on %d inputs; trying halves.", len(inputs))
    middle = len(inputs) // 2
    return join([in_halves(run, inputs[:middle], join=join), in_halves(run, inputs[middle:], join=join)])
