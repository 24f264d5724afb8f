"""One training's arithmetic in a separate process: choosing parameters on two splits, then everybody's factors.

Reading the database and building the graph are not included.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django
import numpy as np

from benchmarks.parts.community import make_community
from benchmarks.parts.memory import peak_memory_bytes


def main() -> None:
    path, items, people = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    django.setup()
    from recommender.space.contents import learn
    from recommender.space.histories import History, split, withhold
    from recommender.space.learning import collaborate
    from recommender.space.parameters import Parameters
    from recommender.space.tuning import Bench

    community = make_community(np.load(path), items=items, people=people)
    tagged: list[tuple[str, dict[str, Any]]] = [(f"Subject {subject}", {}) for subject in community.subjects.tolist()]
    _, rows = learn(community.vectors, tagged)
    histories = [History(items=own, strengths=np.ones(len(own))) for own in community.likes]
    started = time.perf_counter()
    held = split(histories)
    bench = Bench(
        [held, split(held.histories)], withhold(held.histories), rows, text_dimensions=community.vectors.shape[1]
    )
    best = bench.search(Parameters())
    chosen = time.perf_counter()
    collaborate(histories, len(rows), parameters=best)
    ended = time.perf_counter()
    peak_gib = peak_memory_bytes() / 2**30
    print(json.dumps({"search_s": chosen - started, "factors_s": ended - chosen, "peak_gib": peak_gib}))


if __name__ == "__main__":
    main()
