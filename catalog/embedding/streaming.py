"""Any number of texts as vectors, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from catalog.embedding.base import Encoder, FloatArray

#: While one window is computed, the next is tokenized.
WINDOWS_IN_FLIGHT = 2


def encode_stream(encoder: Encoder, texts: Iterable[str]) -> Iterator[FloatArray]:
    """Encode passages as they come; vectors of shape (window, dimensions), in the order of the texts.

    Holds two windows of `texts_at_once` texts and their vectors, however many texts there are. Raises EncodingFailed.
    """
    return windows_ahead(encoder.encode_documents, texts, texts_at_once=encoder.texts_at_once)


def windows_ahead(
    encode: Callable[[Sequence[str]], FloatArray], texts: Iterable[str], *, texts_at_once: int
) -> Iterator[FloatArray]:
    """Encode windows of texts, starting each before the previous one is done. `encode` is called from two threads."""
    left = iter(texts)
    flying: deque[Future[FloatArray]] = deque()
    with ThreadPoolExecutor(max_workers=WINDOWS_IN_FLIGHT, thread_name_prefix="encode") as threads:
        while window := list(islice(left, texts_at_once)):
            flying.append(threads.submit(encode, window))
            if len(flying) == WINDOWS_IN_FLIGHT:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
