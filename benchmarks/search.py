"""How accurate and how costly search is on 100,000 documents, with and without a filter.

Recall compares the product's search by the query's vector with an exact scan of the float32 vectors, so half precision,
the graph and the choice of plan all count. Latency is that of `search` with its defaults and a cached vector, as for
every query that has been asked before. The database's CPU is that of the whole cluster, so parallel workers count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.parts.documents import BenchmarkDocument, documents, public_data, queries
from benchmarks.parts.report import figure, percentile, table
from benchmarks.parts.site import load_documents, site
from benchmarks.parts.vectors import cached_vectors
from catalog.embedding.base import FloatArray
from searchsite.local_site import LocalSite

LIMIT = 10
ROUNDS = 3
OR_QUERY = "SELECT replace(plainto_tsquery('english', %s)::text, '&', '|')"
TS_RANK = """
    SELECT id FROM benchmark_text WHERE words @@ %(query)s::tsquery
    ORDER BY ts_rank_cd(words, %(query)s::tsquery) DESC, id LIMIT 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """A filter for each query, and which documents pass it."""

    name: str
    filter: Callable[[int], str]
    holds: Callable[[int, BenchmarkDocument], bool]


#: The first two filters leave arbitrary documents; those of a collection lie far from most queries of the others.
FILTERS = (
    Filtered(name="none", filter=lambda _: "", holds=lambda _, document: True),
    Filtered(
        name="10%",
        filter=lambda number: f'aisle = "a{number % 10}"',
        holds=lambda number, document: document.place % 10 == number % 10,
    ),
    Filtered(
        name="1%",
        filter=lambda number: f'shelf = "s{number % 100}"',
        holds=lambda number, document: document.place % 100 == number % 100,
    ),
    Filtered(
        name="category, 11%",
        filter=lambda _: 'category = "cranfield"',
        holds=lambda _, document: document.collection == "cranfield",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--home", type=Path, help="keep the site in this folder for the next run")
    options = parser.parse_args()
    with site(home=options.home) as local:
        from catalog.embedding.query_vectors import query_vector
        from catalog.embedding.registry import encoder_for

        known = documents(public_data(), count=options.documents)
        spec = load_documents(known).encoder_spec
        vectors = cached_vectors(encoder_for(spec), [document.text for document in known])
        texts = queries(public_data(), count=options.queries)
        asked = np.array([query_vector(spec, text) for text in texts])
        about = {"documents": len(known), "queries": len(texts)}
        _recall(known, vectors, texts, asked, about)
        _latency(texts, about)
        _cpu(local, texts, about)


def _recall(
    known: Sequence[BenchmarkDocument], vectors: FloatArray, texts: Sequence[str], asked: FloatArray, about: Any
) -> None:
    """Measure dense search against the truth, filter by filter; a page that is not full is an error."""
    similarities = asked @ vectors.T
    rows: list[list[str | float]] = []
    recalls = {}
    for filtered in FILTERS:
        shares = []
        for number, text in enumerate(texts):
            allowed = np.array([filtered.holds(number, document) for document in known])
            nearest = _nearest(np.where(allowed, similarities[number], -np.inf))
            found = _found("", vector=tuple(asked[number].tolist()), filter=filtered.filter(number))
            assert len(found) == LIMIT, f"{len(found)} hits for {text!r} where {filtered.filter(number)}"
            assert all(allowed[found]), "a hit that the filter leaves out"
            shares.append(len({*found} & {*nearest}) / LIMIT)
        recalls[filtered.name] = sum(shares) / len(shares)
        rows.append([filtered.name, recalls[filtered.name], min(shares)])
    halves = vectors.astype(np.float16).astype(np.float32)
    kept = [
        len({*_nearest(own)} & {*_nearest(exact)}) / LIMIT
        for own, exact in zip(asked @ halves.T, similarities, strict=True)
    ]
    rows.append(["halves alone, exact scan", sum(kept) / len(kept), min(kept)])
    table(["filter", "recall@10", "least"], rows)
    figure("filtered_recall_10pct", recalls["10%"], **about)
    figure("filtered_recall_1pct", recalls["1%"], **about)
    figure("unfiltered_recall", recalls["none"], **about)


def _nearest(similarities: npt.NDArray[np.float32]) -> list[int]:
    best: list[int] = np.argsort(-similarities, kind="stable")[:LIMIT].tolist()
    return best


def _found(text: str, **options: Any) -> list[int]:
    from catalog.search import SearchQuery, search

    results = search(SearchQuery(text=text, limit=LIMIT, **options))
    assert not results.degraded, results.degraded_reason
    return [int(hit.item.external_id) for hit in results.hits]


def _latency(texts: Sequence[str], about: Any) -> None:
    """Measure hybrid search with each filter, in turns query by query, so that other load affects all alike."""
    times_ms: dict[str, list[float]] = {filtered.name: [] for filtered in FILTERS}
    for round_number in range(ROUNDS + 1):
        for number, text in enumerate(texts):
            for filtered in FILTERS:
                started = time.perf_counter()
                _found(text, filter=filtered.filter(number))
                if round_number:  # the first round is a warm-up
                    times_ms[filtered.name].append((time.perf_counter() - started) * 1000)
    table(
        ["filter, hybrid", "p50 ms", "p99 ms", "mean ms"],
        [[name, median(own), percentile(own, 99), sum(own) / len(own)] for name, own in times_ms.items()],
    )
    unfiltered = median(times_ms["none"])
    figure("filtered_latency_ratio", max(median(times_ms[name]) for name in ("10%", "1%")) / unfiltered, **about)


def _cpu(local: LocalSite, texts: Sequence[str], about: Any) -> None:
    """Measure what a hybrid search costs, stage by stage, and what one statement of PostgreSQL's own ranking costs."""
    from benchmarks.parts.stages import own_cpu_time_ms, staged

    with staged() as stages:
        for text in texts:
            _found(text)
    rows: list[list[str | float]] = [
        [
            stage,
            len(own) / len(texts),
            median(own),
            percentile(own, 99),
            sum(stages.database_cpu_ms[stage]) / len(texts),
        ]
        for stage, own in stages.time_ms.items()
    ]
    table(["stage", "statements", "p50 ms", "p99 ms", "database CPU ms a search"], rows)
    statements = _ts_rank_statements(texts)
    ours_ms = _database_cpu_ms(local, lambda: [_found(text) for text in texts]) / len(texts)
    theirs_ms = _database_cpu_ms(local, statements) / len(texts)
    started = own_cpu_time_ms()
    for text in texts:
        _found(text)
    python_ms = (own_cpu_time_ms() - started) / len(texts)
    table(
        ["CPU ms a query", "database", "Python"],
        [["hybrid search", ours_ms, python_ms], ["ts_rank_cd over the same words", theirs_ms, ""]],
    )
    figure("hybrid_cpu_gain_vs_ts_rank", theirs_ms / ours_ms, **about)


def _ts_rank_statements(texts: Sequence[str]) -> Callable[[], None]:
    """PostgreSQL's ranking of the same words, matching any of them, over the same texts in an indexed column."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS benchmark_text")
        cursor.execute(
            "CREATE TABLE benchmark_text AS"
            " SELECT id, to_tsvector('english', title || ' ' || body) AS words FROM catalog_item"
        )
        cursor.execute("CREATE INDEX ON benchmark_text USING gin (words)")
        cursor.execute("VACUUM ANALYZE benchmark_text")
        asked = []
        for text in texts:
            cursor.execute(OR_QUERY, [text])
            asked.append(cursor.fetchone()[0])

    def run() -> None:
        with connection.cursor() as cursor:
            for query in asked:
                cursor.execute(TS_RANK, {"query": query})
                cursor.fetchall()

    return run


def _database_cpu_ms(local: LocalSite, work: Callable[[], Any]) -> float:
    """CPU time of the whole cluster while `work` runs a second time."""
    work()
    before = _cluster_cpu_s(local)
    work()
    return (_cluster_cpu_s(local) - before) * 1000


def _cluster_cpu_s(local: LocalSite) -> float:
    """CPU time of the server's processes, including those that have ended."""
    server = psutil.Process(local.services.postgres.process.pid)
    ended = server.cpu_times()
    living = [process.cpu_times() for process in [server, *server.children(recursive=True)]]
    return sum(times.user + times.system for times in living) + ended.children_user + ended.children_system


if __name__ == "__main__":
    main()
