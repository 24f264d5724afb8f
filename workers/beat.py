"""What Celery's beat sends, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler
from celery.schedules import crontab
from celery.utils.time import maybe_make_aware

# Ticks that nobody took do not pile up for ever. By the workers' clocks, so far more than any of them may be wrong.
EXPIRES_S = 2 * 60 * 60
#: A task that seems to have been sent later than in so long says that the clock was set back.
SET_BACK = timedelta(seconds=1)


def schedule(sweep_interval_s: float) -> dict[str, Any]:
    return {
        "look for work": {
            "task": "workers.tasks.look_for_work",
            "schedule": sweep_interval_s,
            "options": {"expires": EXPIRES_S},
        },
        "tidy": {"task": "workers.tasks.tidy", "schedule": 60.0, "options": {"expires": EXPIRES_S}},
        "train the recommender": {
            "task": "workers.tasks.train_recommender",
            "schedule": crontab(hour="3", minute="30"),
            "options": {"expires": EXPIRES_S},
        },
    }


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Goes on when the machine's clock is set back, where Celery's own sends nothing until it is as late again."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        for entry in self.schedule.values():
            now = maybe_make_aware(entry.default_now())
            if maybe_make_aware(entry.last_run_at) > now + SET_BACK:
                entry.last_run_at = now
                self._heap = None  # is made anew from when each was sent
        return super().tick(*arguments, **options)
