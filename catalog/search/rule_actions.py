"""What rules do to one search: the items they hide, pin and boost."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from django.db import connection

from catalog.models import Attribute, Item
from catalog.search.filters import Filter, FilterError
from catalog.search.predicates import Predicate, any_of, predicate
from catalog.search.rules import Rule

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostAction:
    rule: Rule
    meeting: Predicate
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosts:
    """What boosts add to the score of each candidate, and the rules they come from."""

    amounts: npt.NDArray[np.float64]
    rules: Sequence[tuple[Rule, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The actions of all rules that apply to a query, ready for SQL."""

    rules: tuple[Rule, ...] = ()
    hidden: Predicate | None = None
    """Met by what a rule hides; None if nothing is hidden."""
    pinned_positions: Mapping[int, int] = field(default_factory=dict)
    """The position of each pinned item, from 1, by the item's id."""
    pinned_by: Mapping[int, Rule] = field(default_factory=dict)
    boosts: tuple[BoostAction, ...] = ()

    @property
    def shown(self) -> Predicate | None:
        """Met by what no rule hides; None if nothing is hidden."""
        return None if self.hidden is None else ~self.hidden

    def boost(self, item_ids: npt.NDArray[np.int64]) -> Boosts:
        """What each of these items gets, in one statement; none if there are no boosts."""
        amounts = np.zeros(len(item_ids))
        rules: list[tuple[Rule, ...]] = [()] * len(item_ids)
        if self.boosts and len(item_ids):
            met = self._met([int(item_id) for item_id in item_ids])
            for at, item_id in enumerate(item_ids):
                given = [boost for boost, holds in zip(self.boosts, met.get(int(item_id), ()), strict=False) if holds]
                amounts[at] = sum(boost.amount for boost in given)
                rules[at] = tuple(dict.fromkeys(boost.rule for boost in given))
        return Boosts(amounts=amounts, rules=rules)

    def rules_of(self, item_id: int, *, boosted_by: tuple[Rule, ...] = ()) -> tuple[Rule, ...]:
        """The rules that pinned or boosted an item, each once."""
        pinned_by = [self.pinned_by[item_id]] if item_id in self.pinned_by else []
        return tuple(dict.fromkeys([*pinned_by, *boosted_by]))

    def _met(self, item_ids: list[int]) -> dict[int, list[bool]]:
        """For each item, which boosts' filters it meets."""
        columns = ", ".join(f"({boost.meeting.sql}) IS TRUE" for boost in self.boosts)
        parameters = [value for boost in self.boosts for value in boost.meeting.parameters]
        with connection.cursor() as cursor:
            statement = f"SELECT catalog_item.id, {columns} FROM catalog_item WHERE catalog_item.id = ANY(%s)"  # noqa: S608
            cursor.execute(statement, [*parameters, item_ids])
            return {item_id: holds for item_id, *holds in cursor.fetchall()}


NO_ACTIONS = Actions()


def actions_of(rules: tuple[Rule, ...], *, wanted: Predicate | None, pinning: bool) -> Actions:
    """Prepare the rules' actions: one query for the known attributes if a rule has a filter, one for the pinned items.

    Only published items that meet the query's own filter and that no rule hides are pinned. If several rules pin an
    item, the first wins. Without `pinning` nothing is pinned.
    """
    if not rules:
        return NO_ACTIONS
    filtering = any(rule.hidden or rule.boosts for rule in rules)
    attributes = Attribute.objects.by_name() if filtering else {}
    hidden = any_of(*(_compiled(rule, rule.hidden, attributes) for rule in rules))
    shown = None if hidden is None else ~hidden
    boosts = [
        BoostAction(rule=rule, meeting=meeting, amount=boost.amount)
        for rule in rules
        for boost in rule.boosts
        if (meeting := _compiled(rule, boost.filter, attributes))
    ]
    positions, pinned_by = _pins(rules, wanted, shown) if pinning else ({}, {})
    return Actions(rules=rules, hidden=hidden, pinned_positions=positions, pinned_by=pinned_by, boosts=tuple(boosts))


def _compiled(rule: Rule, wanted: Filter | None, attributes: Mapping[str, Attribute]) -> Predicate | None:
    """A search must not fail because a rule names an attribute that no longer exists: that filter is left out."""
    try:
        return predicate(wanted, attributes=attributes)
    except FilterError as error:
        logger.warning("A filter of rule %r is ignored: %s", rule.name, error)
        return None


def _pins(
    rules: tuple[Rule, ...], wanted: Predicate | None, shown: Predicate | None
) -> tuple[dict[int, int], dict[int, Rule]]:
    """Position and rule of each pinned item, by id."""
    pins = {pin.external_id: (pin.position, rule) for rule in reversed(rules) for pin in rule.pins}
    if not pins:
        return {}, {}
    found = Item.objects.published().meeting(wanted).meeting(shown).ids_by_external_id(pins)
    ordered = [external_id for rule in rules for pin in rule.pins if (external_id := pin.external_id) in found]
    return (
        {found[external_id]: pins[external_id][0] for external_id in ordered},
        {found[external_id]: pins[external_id][1] for external_id in ordered},
    )
