"""The command line of every long-running process, in one place for `make run`, containers and tests.

    python -m searchsite.processes web

becomes that process. A missing setting stops it with a one-line message.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from searchsite.environment import DEFAULT_WEB_THREADS

#: For each web server process; an open connection costs memory but no thread.
_CONNECTIONS = 4096
_CELERY = (sys.executable, "-m", "celery", "-A", "searchsite")
_WORKER = (*_CELERY, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")


def web(*, host: str, port: int, workers: int, threads: int) -> list[str]:
    """The web server. Each worker process holds one copy of the query encoder.

    It speaks HTTP/1 only: a server that also detects HTTP/2 waits indefinitely for a client that sends nothing.
    """
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--respawn-failed-workers"]
    size = ["--workers", str(workers), "--blocking-threads", str(threads), "--workers-kill-timeout", "5"]
    clients = ["--http", "1", "--backlog", str(_CONNECTIONS), "--backpressure", str(_CONNECTIONS)]
    return [*granian, "--host", host, "--port", str(port), *size, *clients, "searchsite.wsgi:application"]


def embedding_worker() -> list[str]:
    """Encodes items, in one process without a pool: the encoder uses every core, or the GPU, by itself."""
    return [*_WORKER, "--hostname", "embedding@%h", "--queues", "embedding", "--pool", "solo"]


def events_worker() -> list[str]:
    """Refreshes profiles: short tasks that a visitor is waiting for."""
    return [*_WORKER, "--hostname", "events@%h", "--queues", "events", "--pool", "threads", "--concurrency", "4"]


def jobs_worker(*, beat_schedule: Path | None = None) -> list[str]:
    """Loads files and builds indexes: tasks that take minutes. With `beat_schedule`, also sends the periodic tasks."""
    argv = [*_WORKER, "--hostname", "jobs@%h", "--queues", "jobs", "--pool", "threads", "--concurrency", "2"]
    return argv if beat_schedule is None else [*argv, "--beat", "--schedule", str(beat_schedule)]


def beat(*, schedule: Path) -> list[str]:
    """Sends the periodic tasks. Run one; a second would do no harm, as the tasks are idempotent."""
    return [*_CELERY, "beat", "--loglevel", "INFO", "--schedule", str(schedule)]


def migrate() -> list[str]:
    return manage("migrate", "--no-input")


def prepare() -> list[str]:
    """Prepares the encoder for this machine before anything needs it."""
    return manage("prepare_encoder")


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def deployed(environment: Mapping[str, str]) -> dict[str, Callable[[], list[str]]]:
    """The processes of a deployment by name, sized by its environment."""
    return {
        "web": lambda: web(
            host=environment.get("HOST", "127.0.0.1"),
            port=int(environment.get("PORT", "8000")),
            workers=int(environment.get("WEB_WORKERS", "2")),
            threads=int(environment.get("WEB_THREADS", DEFAULT_WEB_THREADS)),
        ),
        "worker-embedding": embedding_worker,
        "worker-events": events_worker,
        "worker-jobs": jobs_worker,
        "beat": lambda: beat(schedule=Path(environment.get("BEAT_SCHEDULE", "celerybeat-schedule"))),
        "migrate": migrate,
        "prepare": prepare,
    }


def main(arguments: list[str]) -> int:
    known = deployed(os.environ)
    if len(arguments) != 1 or arguments[0] not in known:
        sys.stderr.write(f"usage: python -m searchsite.processes {{{','.join(known)}}}\n")
        return 2
    if fault := _settings_fault():
        sys.stderr.write(f"{fault}\n")
        return 1
    argv = known[arguments[0]]()
    os.execv(argv[0], argv)  # noqa: S606  (becomes the process, so that signals reach it directly)


def _settings_fault() -> str | None:
    """What is wrong with the environment, in one line."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        import searchsite.settings  # noqa: F401
    except ImproperlyConfigured as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
