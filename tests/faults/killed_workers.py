"""Runs workers that are killed at random points while items keep being edited.

A process that has already loaded the model's code forks each worker, so that twenty of them take seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import threading

import django


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    django.setup()
    import sentence_transformers  # noqa: F401  (imported before the fork: no thread of it runs yet)

    chance = random.Random(arguments.seed)
    killed = sum(_killed_worker(chance.uniform(0.0, 0.5), chance) for _ in range(arguments.kills))
    print(json.dumps({"killed": killed, "written": _written()}))  # noqa: T201


def _killed_worker(after_s: float, chance: random.Random) -> bool:
    """Once a worker is busy, edit items, give it a moment and kill it; return whether it was killed while working."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work(writer)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    _edit(chance.randrange(8))
    threading.Event().wait(after_s)  # the random point
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _work(ready: int) -> None:
    from catalog.embedding.registry import encoder_for
    from catalog.models import IndexVersion
    from workers.embed import drain

    version = IndexVersion.objects.active()
    assert version is not None
    encoder_for(version.encoder_spec)
    os.write(ready, b"x")
    while True:
        drain()


def _edit(remainder: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_item SET body = body || ' rain' WHERE id %% 8 = %s", [remainder])
    connection.close()


def _written() -> int:
    from catalog.models import EmbeddingBatch

    return sum(EmbeddingBatch.objects.values_list("items", flat=True))


if __name__ == "__main__":
    main()
