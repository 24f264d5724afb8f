"""From a model's name to the runtime that computes its vectors here.

| ENCODER_RUNTIME | |
|---|---|
| auto | on a CPU the runtime measured to be fastest, or torch if no other works; torch on anything else |
| torch, openvino, onnxruntime | this one, exported first if necessary |

ENCODER_QUERY_RUNTIME does the same for queries, and may also be onnxruntime-int8.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.engine.checkpoint import checkpoint_folder, describe, load, revision_of
from catalog.embedding.engine.devices import is_cpu_only
from catalog.embedding.engine.failures import reason
from catalog.embedding.engine.measuring import open_runtime
from catalog.embedding.engine.onnx_runtimes import INT8, RUNTIMES, TORCH, installed_runtimes
from catalog.embedding.engine.prepared import ModelFacts, PreparedModel
from catalog.embedding.engine.preparing import prepare
from catalog.embedding.engine.runtime import Feeder, Runtime
from catalog.embedding.engine.tokens import Tokens
from catalog.embedding.engine.torch_packed import packed_where_it_fits
from catalog.embedding.engine.torch_padded import TorchPadded

logger = logging.getLogger(__name__)

AUTO = "auto"
FOR_DOCUMENTS = (AUTO, TORCH, *RUNTIMES)
FOR_QUERIES = (*FOR_DOCUMENTS, INT8)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedModel:
    """A model ready to compute: documents and queries have a feeder each, so that neither waits for the other."""

    facts: ModelFacts
    revision: str
    """The commit of the files, if they come from the hub."""
    tokenizer_json: str
    documents: Feeder
    queries: Feeder
    problem: str = ""
    """Why it uses torch although another runtime might be faster."""


def open_model(model: str, revision: str) -> OpenedModel:
    """Open a model with the runtimes that the environment asks for. Raises EncoderUnavailable.

    Waits until they are prepared. Using torch in the meantime would keep torch in the memory of every process, half a
    gigabyte each, for as long as it runs.
    """
    documents = _asked("ENCODER_RUNTIME", FOR_DOCUMENTS, otherwise=AUTO)
    queries = _asked("ENCODER_QUERY_RUNTIME", FOR_QUERIES, otherwise=documents)
    folder = checkpoint_folder(model, revision)
    if {documents, queries} == {TORCH}:
        return _by_torch(folder, model)
    if AUTO not in (documents, queries):
        return _with(prepare(folder, name=model), folder, model, documents=documents, queries=queries)
    if not is_cpu_only() or not installed_runtimes():
        return _by_torch(folder, model)
    try:
        return _with(prepare(folder, name=model), folder, model, documents=documents, queries=queries)
    except Exception as error:  # it cannot be exported, or files in the cache are damaged
        logger.warning("Model %s runs on torch: %s", model, reason(error))
        return replace(_by_torch(folder, model), problem=str(error))


def _asked(variable: str, known: tuple[str, ...], *, otherwise: str) -> str:
    asked = os.environ.get(variable) or otherwise
    if asked not in known:
        raise EncoderUnavailable(f"{variable} is {asked!r}; use one of {', '.join(known)}.")
    return asked


def _by_torch(folder: Path, model: str) -> OpenedModel:
    """Documents and queries on torch, sharing one copy."""
    loaded = load(folder, name=model)
    facts, tokenizer_json = describe(loaded, name=model)
    runtime: Runtime = TorchPadded(loaded, pad_id=facts.pad_id)
    if loaded.device.type == "cuda":
        tokens = Tokens(tokenizer_json, max_tokens=facts.max_tokens, pad_id=facts.pad_id)
        runtime = packed_where_it_fits(TorchPadded(loaded, pad_id=facts.pad_id), tokens, pad_id=facts.pad_id)
    return OpenedModel(
        facts=facts,
        revision=revision_of(folder),
        tokenizer_json=tokenizer_json,
        documents=Feeder(lambda: runtime),
        queries=Feeder(lambda: runtime),
    )


def _with(prepared: PreparedModel, folder: Path, model: str, *, documents: str, queries: str) -> OpenedModel:
    """Each on the runtime of this name; `auto` on the one measured to be fastest."""
    choice, facts = prepared.choice, prepared.facts
    if choice is not None:
        documents = choice.documents if documents == AUTO else documents
        queries = choice.queries if queries == AUTO else queries
    opened = partial(_opened, prepared, facts, folder, model)
    return OpenedModel(
        facts=facts,
        revision=revision_of(folder),
        tokenizer_json=prepared.tokenizer_json,
        documents=Feeder(partial(opened, documents, queries=False)),
        queries=Feeder(partial(opened, queries, queries=True)),
    )


def _opened(
    prepared: PreparedModel, facts: ModelFacts, folder: Path, model: str, runtime: str, *, queries: bool
) -> Runtime:
    if runtime == TORCH:
        return TorchPadded(load(folder, name=model), pad_id=facts.pad_id)
    try:
        return open_runtime(prepared, facts, runtime, queries=queries)
    except Exception as error:  # a runtime that is not installed, or 8-bit weights that were not close enough
        logger.warning("%s runs on torch, because %s cannot run it: %s.", model, runtime, reason(error))
        return TorchPadded(load(folder, name=model), pad_id=facts.pad_id)
