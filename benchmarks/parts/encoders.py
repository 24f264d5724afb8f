"""Our encoder on each of its runtimes, and ways to measure it against sentence-transformers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks.parts.documents import public_data
from catalog.embedding.base import EncoderSpec, FloatArray
from searchsite.local_site import PROJECT

if TYPE_CHECKING:
    from catalog.embedding.transformer import TransformerEncoder

MATRIX = 2_048
PEAK_ROUNDS = 8
Work = Callable[[list[str]], Any]


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set environment variables for the duration of the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def encoder_on(runtime: str, *, queries: str = "") -> TransformerEncoder:
    """The default encoder on this runtime, ready to use: any export and measurement it needs is done first."""
    from catalog.embedding.engine.checkpoint import checkpoint_folder
    from catalog.embedding.engine.preparing import prepare
    from catalog.embedding.transformer import TransformerEncoder

    spec = EncoderSpec()
    if runtime != "torch":
        prepare(checkpoint_folder(spec.model, spec.revision), name=spec.model)
    with environment(ENCODER_RUNTIME=runtime, ENCODER_QUERY_RUNTIME=queries or runtime):
        return TransformerEncoder(spec)


def texts_per_s(workers: Mapping[str, Work], texts: Sequence[str], *, slice_texts: int) -> dict[str, float]:
    """Measure in turns, slice by slice, so that other load affects all alike; one slice is a warm-up."""
    spent = dict.fromkeys(workers, 0.0)
    for work in workers.values():
        work(list(texts[:slice_texts]))
    for first in range(0, len(texts), slice_texts):
        part = list(texts[first : first + slice_texts])
        for name, work in workers.items():
            started = time.perf_counter()
            work(part)
            spent[name] += time.perf_counter() - started
    return {name: len(texts) / seconds for name, seconds in spent.items()}


def query_ms(workers: Mapping[str, Work], queries: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Median time and mean CPU time of a single query, in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in workers}
    cpu_s = dict.fromkeys(workers, 0.0)
    for work in workers.values():
        for query in queries:
            work([query])
    for query in queries:
        for name, work in workers.items():
            started, cpu_started = time.perf_counter(), time.process_time()
            work([query])
            times[name].append(time.perf_counter() - started)
            cpu_s[name] += time.process_time() - cpu_started
    return {name: (1000 * sorted(own)[len(own) // 2], 1000 * cpu_s[name] / len(queries)) for name, own in times.items()}


def matrix_flops_per_s(*, device: str = "cpu") -> float:
    """The peak rate of multiplying large matrices here, in bfloat16 if that is native, else in float32."""
    import torch

    from catalog.embedding.engine.devices import computes_bfloat16

    dtype = torch.bfloat16 if computes_bfloat16(device) else torch.float32
    size = MATRIX if device == "cpu" else 4 * MATRIX
    left, right = (torch.randn(size, size, dtype=dtype, device=device) for _ in range(2))
    best_s = float("inf")
    for _ in range(PEAK_ROUNDS):
        started = time.perf_counter()
        left @ right
        if device != "cpu":
            torch.cuda.synchronize()
        best_s = min(best_s, time.perf_counter() - started)
    return 2 * size**3 / best_s


def flops_of(lengths: Sequence[int], transformer: Any) -> float:
    """The FLOPs of a forward pass over texts of these token counts: all weights except embeddings, and attention."""
    weights = sum(parameter.numel() for name, parameter in transformer.named_parameters() if "embeddings" not in name)
    config = transformer.config
    attention = 4 * config.num_hidden_layers * config.hidden_size * sum(length**2 for length in lengths)
    return 2 * weights * sum(lengths) + attention


def memory_growth(count: int, *, first: int) -> float:
    """A process's peak memory after streaming `count` texts, relative to that after the `first` of them."""
    argv = [sys.executable, "-m", "benchmarks.parts.streaming_run", str(count), str(first)]
    finished = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=PROJECT)
    peaks = json.loads(finished.stdout.splitlines()[-1])
    return float(peaks["last_bytes"] / peaks["first_bytes"])


def films(count: int, *, characters: int) -> list[dict[str, str]]:
    """The first films of the catalogue, with descriptions cut to this many characters."""
    with (public_data() / "movies" / "items.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in islice(file, count)]
    return [
        {"external_id": str(place), "title": row["title"], "body": row["description"][:characters]}
        for place, row in enumerate(rows)
    ]


def cosine_of(first: FloatArray, second: FloatArray) -> float:
    """The cosine of the pair that differs most."""
    from catalog.embedding.engine.samples import least_cosine

    return least_cosine(first, second)
