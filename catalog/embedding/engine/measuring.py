"""Finds the fastest runtime on this machine by measuring them side by side."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from catalog.embedding.engine.failures import reason
from catalog.embedding.engine.onnx_runtimes import INT8, RUNTIMES, OnnxRuntime, installed_runtimes
from catalog.embedding.engine.prepared import Choice, ModelFacts, PreparedModel
from catalog.embedding.engine.runtime import Feeder, Runtime
from catalog.embedding.engine.samples import SAMPLE_PASSAGES, SAMPLE_QUERIES
from catalog.embedding.engine.tokens import TokenIds, Tokens

logger = logging.getLogger(__name__)

ROUNDS = 4
#: Once a measurement has taken this long, as with a large model, no further rounds follow.
LONG_S = 2.0


def open_runtime(prepared: PreparedModel, facts: ModelFacts, name: str, *, queries: bool) -> Runtime:
    """Open a runtime by the name used in a choice."""
    if name == INT8:
        return OnnxRuntime(prepared.small_model, pad_id=facts.pad_id, queries=queries, name=INT8)
    return RUNTIMES[name](prepared.model, pad_id=facts.pad_id, queries=queries)


def measure(prepared: PreparedModel, torch_runtime: Runtime) -> Choice:
    """Measure all runtimes in turn, so that other load on the machine affects all of them alike.

    Documents by wall time on all cores; queries one at a time, by the CPU time of the process.
    """
    facts = prepared.facts
    tokens = Tokens(prepared.tokenizer_json, max_tokens=facts.max_tokens, pad_id=facts.pad_id)
    documents_s = _least(
        {"torch": torch_runtime} | _opened(prepared, facts, installed_runtimes(), queries=False),
        [tokens.ids(SAMPLE_PASSAGES)],
        clock=time.perf_counter,
    )
    names = [*installed_runtimes(), *([INT8] if prepared.small_model.exists() else [])]
    queries_s = _least(
        _opened(prepared, facts, names, queries=True),
        [[own] for own in tokens.ids(SAMPLE_QUERIES)],
        clock=time.process_time,
    )
    documents_per_s = {name: round(len(SAMPLE_PASSAGES) / spent, 1) for name, spent in documents_s.items()}
    query_cpu_ms = {name: round(1000 * spent / len(SAMPLE_QUERIES), 3) for name, spent in queries_s.items()}
    return Choice(
        documents=max(documents_per_s, key=documents_per_s.__getitem__),
        queries=min(query_cpu_ms, key=query_cpu_ms.__getitem__, default="torch"),
        documents_per_s=documents_per_s,
        query_cpu_ms=query_cpu_ms,
    )


def _opened(prepared: PreparedModel, facts: ModelFacts, names: Sequence[str], *, queries: bool) -> dict[str, Runtime]:
    opened = {}
    for name in names:
        try:
            opened[name] = open_runtime(prepared, facts, name, queries=queries)
        except Exception as error:  # a runtime that cannot run this model is not a candidate
            logger.warning("%s cannot run the model: %s.", name, reason(error))
    return opened


def _least(
    runtimes: Mapping[str, Runtime], batches: Sequence[Sequence[TokenIds]], *, clock: Callable[[], float]
) -> dict[str, float]:
    """The shortest of several rounds of each, after one warm-up round."""
    spent: dict[str, list[float]] = {name: [] for name in runtimes}
    begun = time.perf_counter()
    for measured in range(1 + ROUNDS):
        if measured > 1 and time.perf_counter() - begun > LONG_S:
            break
        for name, runtime in runtimes.items():
            feeder = Feeder(lambda runtime=runtime: runtime)  # type: ignore[misc]
            started = clock()
            for batch in batches:
                feeder.vectors(batch)
            spent[name].append(clock() - started)
    return {name: min(rounds[1:]) for name, rounds in spent.items()}
