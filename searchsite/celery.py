"""The Celery application. Settings come from Django's, under the prefix CELERY."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")

app = Celery("searchsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_beat(sender: Celery, **_: object) -> None:
    from django.conf import settings

    from workers.beat import schedule

    sender.conf.beat_schedule = schedule(settings.SWEEP_INTERVAL_S)


@worker_ready.connect
def ask_for_work(**_: object) -> None:
    """A worker that starts asks for what piled up meanwhile."""
    from workers.tasks import look_for_work
    from workers.wakeups import wake

    wake(look_for_work)
