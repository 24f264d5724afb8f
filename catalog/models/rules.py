"""What staff decide about results: items pinned, hidden and boosted, and words that stand for each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.models.stamps import renew_stamp


class SearchRuleQuerySet(models.QuerySet["SearchRule"]):
    def enabled(self) -> SearchRuleQuerySet:
        return self.filter(enabled=True).order_by("id")

    def other_than(self, rule: SearchRule) -> SearchRuleQuerySet:
        return self.exclude(pk=rule.pk)

    def named(self, name: str) -> SearchRule | None:
        return self.filter(name=name).first()

    def mentioning(self, text: str) -> SearchRuleQuerySet:
        """Rules whose name, queries or actions contain this text."""
        fields = ("name", "queries", "hide_filter", "pins", "hidden_items", "boosts")
        return self.filter(_any_holds(fields, text)) if text else self


class SearchRule(models.Model):
    """What to do with the results of some searches, or of all. `catalog.rules` checks and saves it.

    Items are named by their external ids, so that a rule survives reloading the catalogue.
    """

    class Condition(models.TextChoices):
        ALWAYS = "always", "Always"
        EQUALS = "equals", "The query is"
        CONTAINS = "contains", "The query contains"

    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    condition = models.CharField(max_length=10, choices=Condition, default=Condition.EQUALS)
    queries = models.CharField(
        max_length=500, blank=True, default="", help_text="Words; separate several alternatives with commas."
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    pins = models.JSONField(default=list, help_text="Rows of `item`, an external id, and `position`, from 1.")
    hidden_items = models.JSONField(default=list, help_text="External ids.")
    hide_filter = models.TextField(blank=True, default="", help_text="Items that match it are hidden.")
    boosts = models.JSONField(default=list, help_text="Rows of `filter` and the `amount` it adds to the score.")
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[SearchRuleQuerySet] = SearchRuleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]
        triggers = [renew_stamp("catalog", "rules")]

    def __str__(self) -> str:
        return self.name

    def state_at(self, moment: datetime) -> str:
        """`off`, `to come`, `over` or `on`."""
        if not self.enabled:
            return "off"
        if self.starts_at and moment < self.starts_at:
            return "to come"
        return "over" if self.ends_at and moment >= self.ends_at else "on"

    @property
    def state(self) -> str:
        return self.state_at(timezone.now())

    @property
    def condition_text(self) -> str:
        """In words: The query contains “tea”, “coffee”"""
        if self.condition == self.Condition.ALWAYS:
            return str(self.Condition.ALWAYS.label)
        return f"{self.get_condition_display()} {', '.join(f'“{phrase}”' for phrase in phrases(self.queries))}"

    @property
    def action_text(self) -> str:
        """In words: 2 pinned, 1 hidden, 1 boost"""
        hidden = len(self.hidden_items) + bool(self.hide_filter)
        boosts = "1 boost" if len(self.boosts) == 1 else f"{len(self.boosts)} boosts"
        counts = [
            (len(self.pins), f"{len(self.pins)} pinned"),
            (hidden, f"{hidden} hidden"),
            (len(self.boosts), boosts),
        ]
        return ", ".join(text for count, text in counts if count)


class SynonymQuerySet(models.QuerySet["Synonym"]):
    def enabled(self) -> SynonymQuerySet:
        return self.filter(enabled=True).order_by("id")

    def mentioning(self, text: str) -> SynonymQuerySet:
        return self.filter(_any_holds(("words", "alternatives"), text)) if text else self


class Synonym(models.Model):
    """Words or phrases that a search treats as equivalent.

    Without `alternatives` each of `words` stands for all of them; with them, only a search for one of `words` also
    finds the alternatives.
    """

    words = models.JSONField(default=list)
    alternatives = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[SynonymQuerySet] = SynonymQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        triggers = [renew_stamp("catalog", "rules")]

    def __str__(self) -> str:
        words = ", ".join(map(str, self.words))
        return f"{words} → {', '.join(map(str, self.alternatives))}" if self.alternatives else words

    @property
    def one_way(self) -> bool:
        return bool(self.alternatives)

    def describe(self) -> dict[str, Any]:
        return {"words": self.words, "alternatives": self.alternatives, "enabled": self.enabled}


class RulesStamp(models.Model):
    """The one row that changes with every change to a rule or a synonym. Processes compare it with what they know.

    It is random, so that neither a rolled-back transaction nor another database has the same value. Until the first
    rule there is no row.
    """

    #: Stands for no row.
    NONE: ClassVar[UUID] = UUID(int=0)

    value = models.UUIDField()

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def present(cls) -> Coalesce:
        """The current stamp, as an expression for a query."""
        return Coalesce(models.Subquery(cls.objects.values("value")[:1]), models.Value(cls.NONE))


def phrases(text: str) -> list[str]:
    """The phrases between commas."""
    return [phrase for part in text.split(",") if (phrase := " ".join(part.split()))]


def _any_holds(fields: Sequence[str], text: str) -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": text})
    return found
