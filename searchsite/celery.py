"""The Celery application, configured by the Django settings with the prefix CELERY."""

from __future__ import annotations

import os
import signal

from celery import Celery
from celery.signals import beat_embedded_init, worker_ready

from searchsite.embedded.child import stop_with_parent

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
    """Look for work that piled up while no worker was running."""
    from workers.tasks import look_for_work
    from workers.wakeups import wake

    wake(look_for_work)


@beat_embedded_init.connect
def stop_with_worker(**_: object) -> None:
    """Stop beat when its worker is killed: it is a separate process and would be left behind."""
    if (arrange := stop_with_parent(signal.SIGTERM, parent=os.getppid())) is not None:
        arrange()
