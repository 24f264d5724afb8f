"""Which trained space serves, as chosen by staff, and whether a training is running."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models.functions import Now

from recommender.models import TasteModel
from recommender.space.training import LOCK


def put_to_use(model_id: int) -> TasteModel | None:
    """Serve a model that is kept, and keep the one that served before. None if the model is no longer kept."""
    with transaction.atomic():
        chosen = TasteModel.objects.ready().with_id(model_id).select_for_update().first()
        if chosen is None:
            return None
        TasteModel.objects.filter(state=TasteModel.State.ACTIVE).update(state=TasteModel.State.READY)
        TasteModel.objects.with_id(model_id).update(state=TasteModel.State.ACTIVE, activated_at=Now())
    return TasteModel.objects.active()


def is_training() -> bool:
    """Whether a process is training now, which holds an advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
            """,
            [LOCK],
        )
        return bool(cursor.fetchone()[0])
