"""Requests to an embeddings endpoint: few at a time, and retried only while that may help."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from catalog.embedding.base import EncoderUnavailable, EncodingFailed
from catalog.embedding.openai.answers import Answer, read_answer
from catalog.embedding.openai.service import Service
from catalog.outgoing.endpoint import Endpoint, post_json
from catalog.outgoing.errors import EndpointError, EndpointFailed, EndpointRefused

logger = logging.getLogger(__name__)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 20.0
# An endpoint that has just been given up is not asked again for this long: searches proceed without it at once.
REST_AFTER_FAILURE_S = 5.0
# These mean that something is wrong with the texts; other texts may be accepted.
REFUSES_TEXTS = {400, 413, 422}
MAY_PASS = {408, 409, 425, 429}


class TextsRefused(EncodingFailed):
    """The endpoint did not accept these texts. Fewer of them, or others, may be accepted."""


class Calls:
    """One endpoint as used by this process. Thread-safe."""

    def __init__(self, service: Service) -> None:
        self._endpoint = replace(service.endpoint, url=f"{service.endpoint.url.rstrip('/')}/embeddings")
        self._free = threading.Semaphore(service.concurrency)
        self._lock = threading.Lock()
        self._rest_until = 0.0
        self._given_up: tuple[float, str] = (0.0, "")

    def embed(self, body: dict[str, Any], texts: Sequence[str], *, patience_s: float) -> Answer:
        """The vectors of these texts, after as many tries as fit into `patience_s`.

        Pauses grow exponentially with full jitter (Brooker, 2015), plus whatever pause the endpoint asks for. Raises
        TextsRefused, and EncoderUnavailable if the endpoint cannot be reached.
        """
        give_up_at = time.monotonic() + patience_s
        self._check_given_up()
        attempt = 0
        while True:
            try:
                return self._try(body, texts, give_up_at=give_up_at)
            except EndpointError as error:
                self._raise_for_good(error)
                pause_s = random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))  # noqa: S311  (jitter)
                if isinstance(error, EndpointFailed) and error.retry_after_s is not None:
                    self._rest(error.retry_after_s)
                    pause_s += error.retry_after_s
                if time.monotonic() + pause_s >= give_up_at:
                    raise self._give_up(error) from error
                logger.info("Retrying the embeddings request in %.1f s: %s", pause_s, error)
                time.sleep(pause_s)
                attempt += 1

    def _try(self, body: dict[str, Any], texts: Sequence[str], *, give_up_at: float) -> Answer:
        if not self._free.acquire(timeout=max(give_up_at - time.monotonic(), 0)):
            raise EncoderUnavailable("The embeddings endpoint is busy with other texts.")
        try:
            self._wait_while_resting(give_up_at)
            with post_json(self._within(give_up_at), {**body, "input": list(texts)}) as reply:
                answer = read_answer(reply.read(), texts=len(texts))
                if reply.rest_s is not None:
                    self._rest(reply.rest_s)
                return answer
        finally:
            self._free.release()

    def _within(self, give_up_at: float) -> Endpoint:
        """The endpoint with timeouts limited to the time left."""
        left_s = max(give_up_at - time.monotonic(), 0.1)
        return replace(
            self._endpoint,
            connect_timeout_s=min(self._endpoint.connect_timeout_s, left_s),
            read_timeout_s=min(self._endpoint.read_timeout_s, left_s),
            deadline_s=min(self._endpoint.deadline_s, left_s),
        )

    def _rest(self, rest_s: float) -> None:
        with self._lock:
            self._rest_until = max(self._rest_until, time.monotonic() + rest_s)

    def _wait_while_resting(self, give_up_at: float) -> None:
        """All callers obey a pause that the endpoint demanded of one."""
        wait_s = self._rest_until - time.monotonic()
        if wait_s <= 0:
            return
        if time.monotonic() + wait_s >= give_up_at:
            raise EncoderUnavailable(
                f"The embeddings endpoint is rate limited; it can be asked again in {wait_s:.0f} s."
            )
        time.sleep(wait_s)

    def _check_given_up(self) -> None:
        until, message = self._given_up
        if time.monotonic() < until:
            raise EncoderUnavailable(message)

    def _give_up(self, error: EndpointError) -> EncoderUnavailable:
        message = f"The embeddings endpoint is unavailable: {error}"
        self._given_up = (time.monotonic() + REST_AFTER_FAILURE_S, message)
        return EncoderUnavailable(message)

    def _raise_for_good(self, error: EndpointError) -> None:
        """Raise errors that a retry would not change."""
        if isinstance(error, EndpointRefused):
            raise EncoderUnavailable(f"ENCODER_URL cannot be called. {error}") from error
        if not isinstance(error, EndpointFailed) or error.status >= 500 or error.status in MAY_PASS:
            return
        if error.status in REFUSES_TEXTS:
            raise TextsRefused(f"The embeddings endpoint does not accept the text ({error.status}).") from error
        if error.status in (401, 403):
            raise EncoderUnavailable(
                f"The embeddings endpoint refused the key ({error.status}). Check ENCODER_API_KEY."
            ) from error
        if error.status == 404:
            raise EncoderUnavailable(
                "The embeddings endpoint does not know the model, or ENCODER_URL is not its base address (404)."
            ) from error
        raise EncoderUnavailable(f"The embeddings endpoint cannot be used. {error}") from error
