"""The tasks that Celery beat sends, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler
from celery.schedules import crontab
from celery.utils.time import maybe_make_aware

# So that ticks nobody consumed do not pile up. Judged by the workers' clocks, so far larger than any clock's error.
EXPIRES_S = 2 * 60 * 60
#: A task that appears to have been sent further in the future than this means that the clock was set back.
SET_BACK = timedelta(seconds=1)


def schedule(sweep_interval_s: float) -> dict[str, Any]:
    return {
        "look for work": {
            "task": "workers.tasks.look_for_work",
            "schedule": sweep_interval_s,
            "options": {"expires": EXPIRES_S},
        },
        "tidy": {"task": "workers.tasks.tidy", "schedule": 60.0, "options": {"expires": EXPIRES_S}},
        "tune graphs": {"task": "workers.tasks.tune_graphs", "schedule": 60.0, "options": {"expires": EXPIRES_S}},
        "train the recommender": {
            "task": "workers.tasks.train_recommender",
            "schedule": crontab(hour="3", minute="30"),
            "options": {"expires": EXPIRES_S},
        },
    }


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Continues when the machine's clock is set back; Celery's own sends nothing until the clock has caught up."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        for entry in self.schedule.values():
            now = maybe_make_aware(entry.default_now())
            if maybe_make_aware(entry.last_run_at) > now + SET_BACK:
                entry.last_run_at = now
                self._heap = None  # rebuilt from when each was last sent
        return super().tick(*arguments, **options)
