"""What staff set for recommendations, and the stamp that tells processes of a change."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import pgtrigger
from django.db import models


def renew_serving_stamp() -> pgtrigger.Trigger:
    """Every change writes a new stamp in its own transaction, so bulk SQL is covered as well."""
    return pgtrigger.Trigger(
        name="renew_serving_stamp",
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        when=pgtrigger.After,
        func="""
            INSERT INTO recommender_servingstamp (id, value) VALUES (1, gen_random_uuid())
            ON CONFLICT (id) DO UPDATE SET value = excluded.value;
            RETURN NULL;
        """,
    )


class ServingStamp(models.Model):
    """The one row that changes with every change of settings. Processes compare it with what they know.

    It is random, so neither a transaction rolled back nor another database has the same. As long as nothing was ever
    set there is no row.
    """

    #: Stands for no row.
    NONE: ClassVar[UUID] = UUID(int=0)

    value = models.UUIDField()

    def __str__(self) -> str:
        return str(self.value)


class ScenarioChange(models.Model):
    """What staff changed of a scenario's defaults. `recommender.serving.saving` checks it and saves it."""

    scenario = models.CharField(max_length=20, primary_key=True)
    changes = models.JSONField(default=dict, help_text="Settings by name, those that differ from the defaults.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        triggers = [renew_serving_stamp()]

    def __str__(self) -> str:
        return self.scenario

    def describe(self) -> dict[str, Any]:
        return dict(self.changes)
