"""How many requests per second the whole stack answers over HTTP, against txtai's API, a Chroma server and raw psycopg.

All hold the same documents with vectors from the same model. They take turns, round by round, under 8 connections that
always have one request in flight each. Each is asked for 10 hits with their texts, as its documentation shows: the
product and txtai by a text never asked before, the product and Chroma by a vector in a JSON body. The product answers
with its defaults: words and meaning (no words for a vector), highlights, totals. Raw psycopg runs the very statements
that the product runs for searches whose vectors it has cached, on one connection in each of two processes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import numpy as np

from benchmarks.parts import load, peers, statements
from benchmarks.parts.documents import BenchmarkDocument, documents, public_data, queries
from benchmarks.parts.memory import mib_of
from benchmarks.parts.report import figure, table
from benchmarks.parts.site import load_documents, site
from benchmarks.parts.vectors import cached_vectors
from catalog.embedding.base import FloatArray
from searchsite.local_site import LocalSite

SEARCH = "/api/v1/search"
LIMIT = 10
CONNECTIONS = 8
ASKED = 200
COLD_REQUESTS, OTHER_REQUESTS = 300, 1_000
COLD_WORDS = 8
RAW_PROCESSES, RAW_S = 2, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the servers hold and what they are asked."""

    known: Sequence[BenchmarkDocument]
    vectors: FloatArray
    asked: FloatArray
    """Vectors of documents that no server holds."""
    cold_texts: Sequence[str]
    """Beginnings of such documents, each used for one request only."""
    warm_texts: Sequence[str]

    def cold(self, number: int) -> Sequence[str]:
        return self.cold_texts[number * COLD_REQUESTS : (number + 1) * COLD_REQUESTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A server under one kind of request; `requests` returns those of a round."""

    name: str
    port: int
    pids: Sequence[int]
    """Of its main processes, without their children."""
    requests: Callable[[int], Sequence[bytes]]
    found: Callable[[Any], list[int]] | None = None
    """Reads the places of documents from an answer to a vector."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="keep the site in this folder for the next run")
    options = parser.parse_args()
    with site(home=options.home) as local, tempfile.TemporaryDirectory(prefix="searchsite-peers-") as folder:
        material = _material(count=options.documents, rounds=options.rounds)
        local.start_web()
        with ExitStack() as running:
            contestants = [
                *_product(local, material),
                *_txtai(running, material, Path(folder)),
                *_chroma(running, material, Path(folder)),
            ]
            _measure(local, contestants, material, rounds=options.rounds)


def _material(*, count: int, rounds: int) -> Material:
    """Load the site and return what it holds."""
    from catalog.embedding.registry import encoder_for

    cold = COLD_REQUESTS * (rounds + 1)
    everything = documents(public_data(), count=count + ASKED + cold)
    known, others = everything[:count], everything[count:]
    encoder = encoder_for(load_documents(known).encoder_spec)
    return Material(
        known=known,
        vectors=cached_vectors(encoder, [document.text for document in known]),
        asked=encoder.encode_documents([document.text for document in others[:ASKED]]),
        cold_texts=[" ".join(document.body.split()[:COLD_WORDS]) for document in others[ASKED:]],
        warm_texts=queries(public_data(), count=ASKED),
    )


def _product(local: LocalSite, material: Material) -> Iterator[Contestant]:
    warm = [load.get(SEARCH, q=text, limit=LIMIT) for text in material.warm_texts]
    by_vector = [load.post(SEARCH, {"vector": vector.tolist(), "limit": LIMIT}) for vector in material.asked]
    services = local.services
    pids = [child.pid for child in (local.web, services.postgres.process, services.redis.process)]
    yield Contestant(
        name="product, cold",
        port=local.port,
        pids=pids,
        requests=lambda number: [load.get(SEARCH, q=text, limit=LIMIT) for text in material.cold(number)],
    )
    yield Contestant(
        name="product, by vector",
        port=local.port,
        pids=pids,
        requests=lambda _: _repeated(by_vector),
        found=lambda answer: [int(hit["external_id"]) for hit in answer["hits"]],
    )
    yield Contestant(name="product, warm", port=local.port, pids=pids, requests=lambda _: _repeated(warm))


def _txtai(running: ExitStack, material: Material, folder: Path) -> Iterator[Contestant]:
    try:
        server = running.enter_context(peers.txtai(material.known, material.vectors, folder))
    except peers.PeerUnavailable as error:
        print(f"txtai is left out. {error}")
        return
    yield Contestant(
        name="txtai, cold",
        port=server.port,
        pids=[server.pid],
        requests=lambda number: [peers.txtai_request(text, limit=LIMIT) for text in material.cold(number)],
    )


def _chroma(running: ExitStack, material: Material, folder: Path) -> Iterator[Contestant]:
    try:
        server, path = running.enter_context(peers.chroma(material.known, material.vectors, folder))
    except peers.PeerUnavailable as error:
        print(f"Chroma is left out. {error}")
        return
    requests = [peers.chroma_request(path, vector.tolist(), limit=LIMIT) for vector in material.asked]
    yield Contestant(
        name="chroma, by vector",
        port=server.port,
        pids=[server.pid],
        requests=lambda _: _repeated(requests),
        found=peers.chroma_places,
    )


def _measure(local: LocalSite, contestants: Sequence[Contestant], material: Material, *, rounds: int) -> None:
    paths = [f"{SEARCH}?{urlencode({'q': text, 'limit': LIMIT})}" for text in material.warm_texts]
    recorded = statements.record(paths)
    loads: defaultdict[str, list[load.Load]] = defaultdict(list)
    raw = []
    for number in range(rounds + 1):
        for contestant in contestants:
            result = load.send_all(contestant.port, contestant.requests(number), connections=CONNECTIONS)
            loads[contestant.name].append(result)
        url = local.services.postgres.url
        raw.append(statements.requests_s(url, recorded, processes=RAW_PROCESSES, duration_s=RAW_S))
    # The first round is a warm-up.
    rates = {name: [each.requests_s for each in results[1:]] for name, results in loads.items()}
    rates["raw psycopg, warm"] = raw[1:]
    recalls = {each.name: _recall(each, material) for each in contestants if each.found}
    held = {each.name: mib_of(each.pids) for each in contestants}
    rows: list[list[str | float]] = []
    for name, values in rates.items():
        times = loads.get(name, [])[1:]
        p50, p99 = (
            f"{median(getattr(each, part) for each in times):.1f}" if times else "" for part in ("p50_ms", "p99_ms")
        )
        recall = f"{recalls[name]:.3f}" if name in recalls else ""
        memory = f"{held[name]:.0f}" if name in held else ""
        rows.append([name, median(values), min(values), max(values), p50, p99, recall, memory])
    table(["", "requests/s", "least", "most", "p50 ms", "p99 ms", "recall@10", "MiB"], rows)
    print(f"Statements a warm search: {len(recorded[0])}\n")
    about = {"documents": len(material.known), "connections": CONNECTIONS, "model": "all-MiniLM-L6-v2"}
    for name, ours, theirs in (
        ("http_vs_txtai_cold", "product, cold", "txtai, cold"),
        ("http_vs_chroma_by_vector", "product, by vector", "chroma, by vector"),
        ("http_vs_raw_psycopg_warm", "product, warm", "raw psycopg, warm"),
    ):
        if theirs in rates:
            # Round by round, so that other load on the machine affects both alike.
            figure(name, median(a / b for a, b in zip(rates[ours], rates[theirs], strict=True)), **about)
    for peer in ("txtai, cold", "chroma, by vector"):
        if peer in held:
            figure(f"http_memory_vs_{peer.split(',')[0]}", held["product, cold"] / held[peer], **about)


def _recall(contestant: Contestant, material: Material) -> float:
    """The share of the 10 nearest documents, by exact float32 vectors, that the server found."""
    nearest = np.argsort(-(material.asked @ material.vectors.T), axis=1)[:, :LIMIT]
    assert contestant.found is not None
    answers = [load.ask(contestant.port, request) for request in contestant.requests(0)[:ASKED]]
    found = [contestant.found(answer) for answer in answers]
    return sum(len(set(own) & set(exact.tolist())) for own, exact in zip(found, nearest, strict=True)) / nearest.size


def _repeated(requests: Sequence[bytes]) -> list[bytes]:
    return [requests[number % len(requests)] for number in range(OTHER_REQUESTS)]


if __name__ == "__main__":
    main()
