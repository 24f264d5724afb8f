"""The rules and synonyms in force, as every search needs them: read once, kept in the process, and never stale.

Each change to a rule renews a stamp in the database, in the same transaction. A search reads the stamp along with the
index version, so checking whether this process's copy is current costs nothing, and a change applies from the next
search on, in every process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from django.utils import timezone

from catalog.models import RulesStamp, SearchRule, Synonym
from catalog.models.rules import phrases
from catalog.search.filters import Condition, Filter, FilterError, Value, disjunction, parse
from catalog.search.synonyms import Phrase, SynonymTable, folded_words, synonym_table

logger = logging.getLogger(__name__)
# Plain strings, since every rule is checked at every search.
ALWAYS, EQUALS = str(SearchRule.Condition.ALWAYS.value), str(SearchRule.Condition.EQUALS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An item and its position, from 1."""

    external_id: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """What items that meet a filter get on top of their score."""

    filter: Filter
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with everything parsed that can be parsed without a query."""

    pk: int | None
    name: str
    condition: str
    queries: tuple[Phrase, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    pins: tuple[Pin, ...] = ()
    hidden: Filter | None = None
    boosts: tuple[Boost, ...] = ()

    def is_on(self, moment: datetime) -> bool:
        return not (self.starts_at and moment < self.starts_at) and not (self.ends_at and moment >= self.ends_at)

    def at_any_time(self) -> Self:
        return replace(self, starts_at=None, ends_at=None)

    def covers(self, words: Phrase) -> bool:
        """Whether a query of these folded words meets the condition."""
        if self.condition == ALWAYS:
            return True
        if self.condition == EQUALS:
            return words in self.queries
        return any(map(set(words).issuperset, self.queries))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules, oldest first, and synonyms."""

    rules: tuple[Rule, ...] = ()
    synonyms: SynonymTable = field(default_factory=SynonymTable)

    def for_query(self, text: str) -> tuple[Rule, ...]:
        """The rules that apply to a query at this moment."""
        if not self.rules:
            return ()
        words, moment = folded_words(text), timezone.now()
        return tuple(rule for rule in self.rules if rule.covers(words) and rule.is_on(moment))

    def without(self, pk: int | None) -> Self:
        return replace(self, rules=tuple(rule for rule in self.rules if rule.pk != pk))

    def with_rule(self, rule: Rule) -> Self:
        """With one more rule, in order of age; an unsaved one is the youngest."""
        rules = sorted((*self.rules, rule), key=lambda each: (each.pk is None, each.pk or 0))
        return replace(self, rules=tuple(rules))


NO_RULES = RuleSet()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    stamp: UUID = RulesStamp.NONE
    rules: RuleSet = NO_RULES


_known = _Copy()


def rules_in_force(stamp: UUID | None = None) -> RuleSet:
    """The enabled rules and synonyms. `stamp` is the current one if the caller has read it; otherwise it is read here.

    The stamp is read before the rules: after a change in between, the copy is newer than its stamp and is read again.
    """
    global _known
    if stamp is None:
        stamp = RulesStamp.objects.values_list("value", flat=True).first() or RulesStamp.NONE
    if stamp == RulesStamp.NONE:
        return NO_RULES
    known = _known
    if known.stamp != stamp:
        _known = known = _Copy(stamp=stamp, rules=_read())
    return known.rules


def _read() -> RuleSet:
    synonyms = Synonym.objects.enabled().values_list("words", "alternatives")
    return RuleSet(rules=tuple(map(compiled, SearchRule.objects.enabled())), synonyms=synonym_table(synonyms))


def compiled(rule: SearchRule) -> Rule:
    """The rule compiled for searching. A filter that can no longer be parsed is left out and logged."""
    boosts = [(_readable(rule, row["filter"]), row["amount"]) for row in rule.boosts]
    return Rule(
        pk=rule.pk,
        name=rule.name,
        condition=rule.condition,
        queries=tuple(filter(None, map(folded_words, phrases(rule.queries)))),
        starts_at=rule.starts_at,
        ends_at=rule.ends_at,
        pins=tuple(Pin(external_id=row["item"], position=row["position"]) for row in rule.pins),
        hidden=disjunction(_named(rule.hidden_items), _readable(rule, rule.hide_filter)),
        boosts=tuple(Boost(filter=wanted, amount=amount) for wanted, amount in boosts if wanted is not None),
    )


def _readable(rule: SearchRule, text: str) -> Filter | None:
    try:
        return parse(text)
    except FilterError as error:
        logger.warning("A filter of rule %r is ignored: %s", rule.name, error)
        return None


def _named(external_ids: Iterable[str]) -> Filter | None:
    values = tuple(Value(text=external_id) for external_id in external_ids)
    return Condition(field="external_id", operator="in", values=values) if values else None
