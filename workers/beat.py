"""What Celery's beat sends, and how often."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

# Ticks that nobody took do not pile up for ever. By the workers' clocks, so far more than any of them may be wrong.
EXPIRES_S = 2 * 60 * 60


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
