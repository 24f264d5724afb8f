"""Queries that arrive while another is being encoded are encoded as one batch, ahead of any other work.

On a CPU one short text takes hardly less time than eight: most of it goes into reading the model's weights.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from catalog.embedding.base import Encoder, EncodingFailed, FloatArray

Waiting = tuple[str, "Future[FloatArray]"]
#: If queries never stop, other work still gets its turn after this long.
LONGEST_WAIT_S = 0.5


class QueriesTogether:
    """One encoder's queries. None waits for others to arrive: a single text is encoded at once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[Waiting] = []
        self._present = 0
        self._none_present = threading.Condition()
        self._others = threading.Lock()

    def vector(self, text: str) -> FloatArray:
        """Return the vector of a query, of shape (dimensions,). Raises EncodingFailed.

        The thread that takes the turn encodes everything queued so far, so most callers find their vector ready.
        """
        own: Future[FloatArray] = Future()
        with self._here():
            with self._lock:
                self._waiting.append((text, own))
            with self._turn:
                if not own.done():
                    with self._lock:
                        waiting, self._waiting = self._waiting, []
                    self._encode(waiting)
        return own.result()

    @contextmanager
    def after_queries(self) -> Iterator[None]:
        """Use the encoder for something short other than a query: one caller at a time, once no query is present.

        A query thus waits for at most one such piece of work, however many callers have more of it.
        """
        with self._others:
            with self._none_present:
                self._none_present.wait_for(lambda: not self._present, timeout=LONGEST_WAIT_S)
            yield

    @contextmanager
    def _here(self) -> Iterator[None]:
        with self._none_present:
            self._present += 1
        try:
            yield
        finally:
            with self._none_present:
                self._present -= 1
                self._none_present.notify_all()

    def _encode(self, waiting: Sequence[Waiting]) -> None:
        """Resolve every future, one by one if a text among them cannot be encoded."""
        try:
            vectors = self._encoder.encode_queries([text for text, _ in waiting])
        except EncodingFailed as error:
            if len(waiting) == 1:
                waiting[0][1].set_exception(error)
                return
            for one in waiting:
                self._encode([one])
        except BaseException as error:
            for _, future in waiting:
                future.set_exception(error)
            raise
        else:
            for (_, future), vector in zip(waiting, vectors, strict=True):
                future.set_result(vector.copy())
