"""Any model behind an OpenAI-compatible /embeddings endpoint as an encoder.

text-embedding-ada-002 and its successors, Text Embeddings Inference, vLLM, and this site's own endpoint.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, EncodingFailed, FloatArray, checked
from catalog.embedding.openai.answers import Answer
from catalog.embedding.openai.calls import Calls, TextsRefused
from catalog.embedding.openai.service import Service, service
from catalog.embedding.openai.tokens import cut, token_offsets
from catalog.embedding.openai.use import Use, used

logger = logging.getLogger(__name__)
# For models that state no limit; OpenAI's own take 8,191.
USUAL_MAX_TOKENS, OPENAI_MAX_TOKENS = 512, 8_191
OPENAI_MODELS = "text-embedding-"
PROBE = "probe"
PROBE_PATIENCE_S = 10.0
PROBE_EVERY_S = 30.0


class OpenAIEncoder:
    """Requests the vectors of texts, many at a time.

    A refused request is halved until the text at fault is alone; the others are not paid for twice. Texts are cut by
    estimated tokens, so the endpoint's own limit should be well above `max_tokens`.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._service = service()
        self._calls = calls_to(self._service)
        usual = OPENAI_MAX_TOKENS if spec.model.startswith(OPENAI_MODELS) else USUAL_MAX_TOKENS
        own_limit = self._service.max_tokens or usual
        self.max_tokens = min(spec.max_tokens or own_limit, own_limit)
        self.texts_at_once = self._service.batch_texts * self._service.concurrency
        self._batch_texts = self._service.batch_texts
        self._body: dict[str, Any] = {"model": spec.model, "encoding_format": "base64"}
        self._lock = threading.Lock()
        self._kept: dict[str, FloatArray] = {}
        self._probed_at = 0.0
        self.dimensions = self._agree_on_dimensions()

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.document_prompt + text for text in texts], self._service.patience_s)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.query_prompt + text for text in texts], self._service.query_patience_s)

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [token_offsets(text) for text in texts]

    def _agree_on_dimensions(self) -> int:
        """Request one vector as the model gives it, and a shorter one if that is wanted.

        Raises EncoderUnavailable. From then on every vector must have this size: if vectors were merely shortened, a
        change of the model behind the endpoint would go unnoticed.
        """
        full = self._probe(PROBE_PATIENCE_S)
        wanted = self.spec.dimensions
        if wanted is None or wanted == full:
            return full
        if wanted > full:
            raise EncoderUnavailable(f"Model {self.spec.model} has {full} dimensions, but {wanted} were requested.")
        self._body["dimensions"] = wanted
        if self._probe(PROBE_PATIENCE_S) != wanted:
            raise EncoderUnavailable(
                f"The endpoint does not shorten the vectors of {self.spec.model}; they have {full} dimensions."
            )
        return wanted

    def _probe(self, patience_s: float) -> int:
        try:
            return self._answer([PROBE], patience_s).vectors.shape[1]
        except TextsRefused as error:
            shortened = f"{self._body['dimensions']} dimensions of " if "dimensions" in self._body else ""
            raise EncoderUnavailable(
                f"The embeddings endpoint does not accept {shortened}model {self.spec.model}. {error}"
            ) from error

    def _encode(self, texts: Sequence[str], patience_s: float) -> FloatArray:
        kept = self._kept
        prepared = [cut(text, max_tokens=self.max_tokens) for text in texts]
        # These endpoints reject an empty text, but most accept a blank one.
        found: dict[str, FloatArray] = {}
        wanted = {text or " ": count for text, count in prepared}
        new = {text: count for text, count in wanted.items() if text not in kept}
        found.update((text, kept[text]) for text in wanted if text in kept)
        try:
            refused = self._ask(new, found, patience_s)
        except BaseException:
            self._keep(found)
            raise
        if refused:
            self._keep(found)
            raise EncodingFailed(f"{len(refused)} of {len(texts)} texts: {refused[0]}")
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for row, (text, _) in enumerate(prepared):
            vectors[row] = found[text or " "]
        return checked(vectors, count=len(texts), dimensions=self.dimensions)

    def _keep(self, found: dict[str, FloatArray]) -> None:
        """Keep what was paid for: the caller will ask for most of these texts again, without some of them."""
        together = {**self._kept, **found}
        self._kept = together if len(together) <= 2 * self.texts_at_once else dict(found)

    def _ask(self, texts: dict[str, int], found: dict[str, FloatArray], patience_s: float) -> list[TextsRefused]:
        """Put the vectors of texts, given with their token counts, into `found`; return why some have none."""
        batches = list(self._batches(texts))
        if len(batches) <= 1:
            return [error for batch in batches for error in self._ask_batch(batch, found, patience_s)]
        with ThreadPoolExecutor(self._service.concurrency, thread_name_prefix="embeddings") as threads:
            asked = [threads.submit(self._ask_batch, batch, found, patience_s) for batch in batches]
            return [error for one in asked for error in one.result()]

    def _batches(self, texts: dict[str, int]) -> Iterator[list[str]]:
        batch: list[str] = []
        tokens = 0
        for text, count in texts.items():
            if batch and (len(batch) >= self._batch_texts or tokens + count > self._service.batch_tokens):
                yield batch
                batch, tokens = [], 0
            batch.append(text)
            tokens += count
        if batch:
            yield batch

    def _ask_batch(self, texts: Sequence[str], found: dict[str, FloatArray], patience_s: float) -> list[TextsRefused]:
        try:
            vectors = self._answer(texts, patience_s).vectors
        except TextsRefused as error:
            if len(texts) == 1:
                self._check_that_others_pass(patience_s)
                return [error]
            middle = (len(texts) + 1) // 2
            refused = self._ask_batch(texts[:middle], found, patience_s)
            refused += self._ask_batch(texts[middle:], found, patience_s)
            if not refused:  # nothing was wrong but their number
                self._batch_texts = min(self._batch_texts, middle)
            return refused
        if vectors.shape[1] != self.dimensions:
            raise EncoderUnavailable(
                f"The endpoint returns vectors of {vectors.shape[1]} dimensions instead of {self.dimensions}: "
                f"the model behind {self.spec.model} has changed."
            )
        found.update(zip(texts, vectors, strict=True))
        return []

    def _check_that_others_pass(self, patience_s: float) -> None:
        """A refused text sets its item aside, but an endpoint that refuses every text must not set all items aside."""
        if time.monotonic() - self._probed_at > PROBE_EVERY_S:
            self._probe(min(patience_s, PROBE_PATIENCE_S))
            self._probed_at = time.monotonic()

    def _answer(self, texts: Sequence[str], patience_s: float) -> Answer:
        answer = self._calls.embed(self._body, texts, patience_s=patience_s)
        tokens = answer.tokens if answer.tokens is not None else sum(len(token_offsets(text)) for text in texts)
        used.add(self.spec.model, Use(requests=1, texts=len(texts), tokens=tokens))
        logger.info("Embedded %d texts of %d tokens.", len(texts), tokens)
        return answer


@lru_cache(maxsize=4)
def calls_to(target: Service) -> Calls:
    """Encoders that use the same endpoint share its limits."""
    return Calls(target)
