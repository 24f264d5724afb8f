"""How fast a list of recommendations is, how soon an event counts, and what training takes as a catalogue grows.

The catalogue consists of mixtures of real vectors, and of people with tastes and a long tail of likes. A list is
`recommend` with its defaults, from a trained space: past items left out, diversity, reasons. The bare query asks the
same graph for the twenty nearest to the same vector over the same connection. Percentiles are over people, of the
median of several rounds, so that they reflect long histories rather than other load on the machine; those of single
calls stand beside them. An event is sent to the API and has arrived once its user's vector has changed in the database.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.parts import load
from benchmarks.parts.chart import Line, line_chart
from benchmarks.parts.community import Community, Vectors, make_community
from benchmarks.parts.documents import documents, public_data
from benchmarks.parts.report import figure, percentile, table
from benchmarks.parts.site import site
from benchmarks.parts.vectors import cached_vectors
from searchsite.local_site import PROJECT, LocalSite

LIMIT = 20
ROUNDS = 5
REAL_TEXTS = 3_000
EVENTS = 100
EVENT_TIMEOUT_S = 30.0
CHART = PROJECT / "docs" / "images" / "training.svg"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--lists", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 50_000])
    parser.add_argument("--home", type=Path, help="keep the site in this folder for the next run")
    options = parser.parse_args()
    with site(home=options.home) as local:
        real = _real_vectors()
        about = {"items": options.items, "people": options.people}
        _lists(make_community(real, items=options.items, people=options.people), options.lists, about)
        _events(local, about)
    if options.sizes:
        _training(real, options.sizes, options.people)


def _real_vectors() -> Vectors:
    from catalog.embedding.registry import encoder_for
    from catalog.index.versions import ensure_active_version

    texts = [document.text for document in documents(public_data(), count=REAL_TEXTS)]
    return cached_vectors(encoder_for(ensure_active_version().encoder_spec), texts)


def _lists(community: Community, count: int, about: dict[str, int]) -> None:
    from django.contrib.auth.models import User

    from benchmarks.parts import community_site
    from benchmarks.parts.stages import staged
    from recommender.models import TasteModel
    from recommender.recommend import recommend
    from recommender.subjects import Subject
    from recommender.viewer import viewer_of

    model = TasteModel.objects.active_for(community_site.load(community))
    assert model is not None
    users = User.objects.filter(username__startswith="person-").order_by("pk").values_list("pk", flat=True)[:count]
    subjects = [Subject(user_id=pk) for pk in users]
    folded = [viewer_of(subject, for_a_list=True).folded for subject in subjects]
    asked = [(subject, own.vector) for subject, own in zip(subjects, folded, strict=True) if own is not None]
    rounds_ms: dict[str, list[list[float]]] = {"bare vector query": [], "list": []}
    for _ in range(ROUNDS + 1):
        for own_ms in rounds_ms.values():
            own_ms.append([])
        for subject, vector in asked:
            started = time.perf_counter()
            _bare_query(model, vector)
            between = time.perf_counter()
            assert len(recommend(subject, limit=LIMIT)) == LIMIT
            ended = time.perf_counter()
            rounds_ms["bare vector query"][-1].append((between - started) * 1000)
            rounds_ms["list"][-1].append((ended - between) * 1000)
    # The first round is a warm-up.
    times_ms = {name: np.median(own_ms[1:], axis=0).tolist() for name, own_ms in rounds_ms.items()}
    cpu_ms = {
        "bare vector query": _cpu_ms(lambda: [_bare_query(model, vector) for _, vector in asked]) / len(asked),
        "list": _cpu_ms(lambda: [recommend(subject, limit=LIMIT) for subject, _ in asked]) / len(asked),
    }
    rows: list[list[str | float]] = [
        [name, median(own), percentile(own, 99), percentile([*chain(*rounds_ms[name][1:])], 99), cpu_ms[name]]
        for name, own in times_ms.items()
    ]
    table(["", "p50 ms", "p99 ms", "p99 of single calls ms", "CPU ms"], rows)
    with staged() as stages:
        for subject, _ in asked:
            recommend(subject, limit=LIMIT)
    table(
        ["statement of a list", "times", "p50 ms", "p99 ms"],
        [[stage, len(own) / len(asked), median(own), percentile(own, 99)] for stage, own in stages.time_ms.items()],
    )
    bare, whole = times_ms["bare vector query"], times_ms["list"]
    figure("list_p99_ratio", percentile(whole, 99) / percentile(bare, 99), **about)
    figure("list_p50_ratio", median(whole) / median(bare), **about)
    figure("list_cpu_ratio", cpu_ms["list"] / cpu_ms["bare vector query"], **about)


def _cpu_ms(work: Callable[[], Any]) -> float:
    """CPU time of this process and of its database connection's backend while `work` runs."""
    from benchmarks.parts.stages import backend_pid, cpu_time_ms, own_cpu_time_ms

    pid = backend_pid()
    started = own_cpu_time_ms() + cpu_time_ms(pid)
    work()
    return own_cpu_time_ms() + cpu_time_ms(pid) - started


def _bare_query(model: Any, vector: Any) -> list[Any]:
    from catalog.search import dense

    cast = f"halfvec({model.dimensions})"
    statement = (
        f"SELECT item_id FROM recommender_tastevector WHERE model_id = {model.pk}"
        f" ORDER BY target::{cast} <#> %s::{cast} LIMIT {LIMIT}"
    )
    with dense.vector_search() as cursor:
        cursor.execute(statement, [dense.vector_literal(vector)])
        return list(cursor.fetchall())


def _events(local: LocalSite, about: dict[str, int]) -> None:
    """Measure one event after another, each by another user, through the web server and a worker of the product."""
    from django.contrib.auth.models import User

    from catalog.http.authentication import create_key
    from catalog.models import Item

    local.start_web()
    local.start_events_worker()
    _, key = create_key(name="benchmark", scope="write")
    items = list(Item.objects.order_by("?").values_list("external_id", flat=True)[: EVENTS + 1])
    users = User.objects.filter(username__startswith="person-").order_by("?").values_list("pk", "username")
    times_s = []
    for number, (user_id, username) in enumerate(users[: EVENTS + 1]):
        body = {"user": username, "item": items[number], "kind": "like"}
        request = load.post("/api/v1/interactions", body, authorization=f"Bearer {key}")
        before = _stored_at(user_id)
        started = time.perf_counter()
        load.ask(local.port, request)
        while _stored_at(user_id) == before:
            if time.perf_counter() - started > EVENT_TIMEOUT_S:
                raise SystemExit(f"No worker has taken up an event. See {local.log_of('events-worker')}.")
            time.sleep(0.002)
        if number:  # the first waits for the worker to start
            times_s.append(time.perf_counter() - started)
    rows: list[list[str | float]] = [["event to vector", median(times_s), percentile(times_s, 99), max(times_s)]]
    table(["", "p50 s", "p99 s", "longest s"], rows)
    figure("event_to_vector_p99_s", percentile(times_s, 99), **about, events=len(times_s))


def _stored_at(user_id: int) -> Any:
    from recommender.models import UserEmbedding

    return UserEmbedding.objects.filter(user_id=user_id).values_list("updated_at", flat=True).first()


def _training(real: Vectors, sizes: Sequence[int], people: int) -> None:
    """Measure each size in a separate process, whose peak memory is what a worker needs."""
    path = Path(CHART.parent) / ".vectors.npy"
    np.save(path, real)
    try:
        measured = [_trained(path, items, people) for items in sizes]
    finally:
        path.unlink()
    rows: list[list[str | float]] = [
        [f"{items:,} items", own["search_s"], own["factors_s"], own["peak_gib"]]
        for items, own in zip(sizes, measured, strict=True)
    ]
    table(["training", "parameters chosen s", "factors s", "peak memory GiB"], rows)
    for items, own in zip(sizes, measured, strict=True):
        for name, value in own.items():
            figure(f"training_{name}", value, items=items, people=people)
    lines = [
        Line(name="seconds", values=[own["search_s"] + own["factors_s"] for own in measured]),
        Line(name="peak memory, GiB", values=[own["peak_gib"] for own in measured]),
    ]
    CHART.write_text(line_chart("Training as a catalogue grows", [f"{size:,} items" for size in sizes], lines))
    print(f"Drawn in {CHART.relative_to(PROJECT)}.")


def _trained(path: Path, items: int, people: int) -> dict[str, float]:
    argv = [sys.executable, "-m", "benchmarks.parts.training_run", str(path), str(items), str(people)]
    finished = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=PROJECT)
    result: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
