"""Any sentence-transformers model or plain transformer checkpoint, BERT-like or GPT-like, as an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, FloatArray, checked
from catalog.embedding.engine.opening import open_model
from catalog.embedding.engine.prepared import ModelFacts
from catalog.embedding.engine.runtime import Feeder
from catalog.embedding.engine.tokens import Tokens
from catalog.embedding.streaming import windows_ahead

#: The query runtime uses one lane, which is cheap for few texts and slow for more.
MOST_QUERIES = 32


class TransformerEncoder:
    """A transformer on the best runtime here.

    `spec` says which prompts are used, those of the specification or, if it names none, the model's own; and which
    commit the model is.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        self._opened = open_model(spec.model, spec.revision)
        facts = self._opened.facts
        if spec.dimensions is not None and spec.dimensions > facts.dimensions:
            raise EncoderUnavailable(
                f"Model {spec.model} has {facts.dimensions} dimensions, but {spec.dimensions} were requested."
            )
        self.spec = replace(with_own_prompts(spec, facts), revision=spec.revision or self._opened.revision)
        self.dimensions = spec.dimensions or facts.dimensions
        self.max_tokens = min(spec.max_tokens or facts.max_tokens, facts.max_tokens)
        self._tokens = Tokens(self._opened.tokenizer_json, max_tokens=self.max_tokens, pad_id=facts.pad_id)

    @property
    def texts_at_once(self) -> int:
        return self._opened.documents.runtime.texts_at_once

    @property
    def runtimes(self) -> tuple[str, str]:
        """The names of the runtimes for documents and for queries."""
        return self._opened.documents.runtime.name, self._opened.queries.runtime.name

    @property
    def runtime_problem(self) -> str:
        """Why it uses torch although another runtime might be faster."""
        return self._opened.problem

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts, self.spec.document_prompt, self._opened.documents)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """On the query runtime; very many, if documents are being encoded anyway, on theirs."""
        many = len(texts) > MOST_QUERIES and self._opened.documents.is_open
        return self._encode(texts, self.spec.query_prompt, self._opened.documents if many else self._opened.queries)

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return self._tokens.offsets(texts, read_next=not self.spec.document_prompt)

    def _encode(self, texts: Sequence[str], prompt: str, feeder: Feeder) -> FloatArray:
        """Vectors of all texts, a window at a time, the next one tokenized while one is computed."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        at_once = feeder.runtime.texts_at_once if texts else 1
        if len(texts) <= at_once:
            return self._encode_window(texts, prompt, feeder) if texts else vectors
        done = 0
        for window in windows_ahead(
            lambda window: self._encode_window(window, prompt, feeder), texts, texts_at_once=at_once
        ):
            vectors[done : done + len(window)] = window
            done += len(window)
        return vectors

    def _encode_window(self, texts: Sequence[str], prompt: str, feeder: Feeder) -> FloatArray:
        tokens = self._tokens.ids([prompt + text for text in texts] if prompt else texts)
        vectors = feeder.vectors(tokens)
        return checked(vectors[:, : self.dimensions], count=len(texts), dimensions=self.dimensions)


def with_own_prompts(spec: EncoderSpec, facts: ModelFacts) -> EncoderSpec:
    """The specification with the model's own prompts if it names none."""
    if spec.query_prompt or spec.document_prompt:
        return spec
    return replace(spec, query_prompt=facts.query_prompt, document_prompt=facts.document_prompt)
