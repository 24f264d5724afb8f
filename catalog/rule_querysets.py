"""The query language of rules and synonyms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from catalog.models import SearchRule, Synonym


class SearchRuleQuerySet(models.QuerySet["SearchRule"]):
    def enabled(self) -> SearchRuleQuerySet:
        return self.filter(enabled=True).order_by("id")

    def other_than(self, rule: SearchRule) -> SearchRuleQuerySet:
        return self.exclude(pk=rule.pk)

    def named(self, name: str) -> SearchRule | None:
        return self.filter(name=name).first()

    def mentioning(self, text: str) -> SearchRuleQuerySet:
        """Rules in whose name, queries or actions this text stands."""
        fields = ("name", "queries", "hide_filter", "pins", "hidden_items", "boosts")
        return self.filter(_any_holds(fields, text)) if text else self


class SynonymQuerySet(models.QuerySet["Synonym"]):
    def enabled(self) -> SynonymQuerySet:
        return self.filter(enabled=True).order_by("id")

    def mentioning(self, text: str) -> SynonymQuerySet:
        return self.filter(_any_holds(("words", "alternatives"), text)) if text else self


def _any_holds(fields: Sequence[str], text: str) -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": text})
    return found
