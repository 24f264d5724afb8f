"""The cost of encoders: speed, measured side by side, and size."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import median

from catalog.embedding.base import Encoder, EncoderSpec
from catalog.embedding.models import local_files

SPEED_TEXTS = 128
SPEED_QUERIES = 12
ROUNDS = 3
#: A safetensors file has no header longer than this.
LONGEST_HEADER_BYTES = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast an encoder is."""

    texts_per_s: float
    """Documents per second, encoded SPEED_TEXTS at a time."""
    query_ms: float
    """Milliseconds for a query encoded by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The size of a model whose weights are on this machine as safetensors."""

    parameters: int
    disk_bytes: int


def measure_speed(encoders: Mapping[str, Encoder], *, texts: Sequence[str], queries: Sequence[str]) -> dict[str, Speed]:
    """Time the encoders in turn, so that other load on the machine slows all of them alike. Medians over ROUNDS.

    The times are for comparing encoders; taken alone they depend on the machine.
    """
    texts, queries = texts[:SPEED_TEXTS], queries[:SPEED_QUERIES]
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    query_seconds: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(ROUNDS):
        for name, encoder in encoders.items():
            encoder.encode_queries(queries[:1])
            started = time.perf_counter()
            encoder.encode_documents(texts)
            seconds[name].append(time.perf_counter() - started)
        for query in queries:
            for name, encoder in encoders.items():
                started = time.perf_counter()
                encoder.encode_queries([query])
                query_seconds[name].append(time.perf_counter() - started)
    return {
        name: Speed(texts_per_s=len(texts) / median(seconds[name]), query_ms=1_000 * median(query_seconds[name]))
        for name in encoders
    }


def weights_of(spec: EncoderSpec) -> Weights | None:
    """The size of a model from the headers of its files; None if it has no safetensors on this machine."""
    folder = local_files(spec.model) or _downloaded(spec)
    files = [path for path in folder.rglob("*.safetensors") if path.is_file()] if folder else []
    if not files:
        return None
    return Weights(parameters=sum(map(_parameters_in, files)), disk_bytes=sum(path.stat().st_size for path in files))


def _downloaded(spec: EncoderSpec) -> Path | None:
    """The folder of a model in the cache of the model hub's client."""
    from huggingface_hub import snapshot_download

    names = [spec.model] if "/" in spec.model else [f"sentence-transformers/{spec.model}"]
    for name in names:
        try:
            return Path(snapshot_download(name, revision=spec.revision or None, local_files_only=True))
        except Exception:  # noqa: S112  (a name that is no hub's, or not in the cache: the libraries raise many kinds)
            continue
    return None


def _parameters_in(path: Path) -> int:
    """The numbers in a safetensors file: an 8-byte length, then that much JSON with the shape of each tensor."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > LONGEST_HEADER_BYTES:
            raise ValueError(f"{path.name} is not a safetensors file.")
        header = json.loads(file.read(length))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
