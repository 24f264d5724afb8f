"""What Celery's beat sends, and how often. A tick that is not consumed in time is dropped."""

from __future__ import annotations

from typing import Any


def schedule(sweep_interval_s: float) -> dict[str, Any]:
    return {
        "look for work": {
            "task": "workers.tasks.look_for_work",
            "schedule": sweep_interval_s,
            "options": {"expires": sweep_interval_s * 2},
        },
        "tidy": {"task": "workers.tasks.tidy", "schedule": 60.0, "options": {"expires": 60.0}},
    }
