"""Saving rules and synonyms: they are checked here, whatever their source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from django.db import IntegrityError, transaction

from catalog.models import Attribute, Item, SearchRule, Synonym
from catalog.models.rules import phrases
from catalog.search.filters import FilterError
from catalog.search.predicates import predicate
from catalog.search.synonyms import folded_words

#: The fields of a rule that staff and programs can write.
RULE_FIELDS = (
    "name",
    "enabled",
    "condition",
    "queries",
    "starts_at",
    "ends_at",
    "pins",
    "hidden_items",
    "hide_filter",
    "boosts",
)
MAX_RULES = 1_000
MAX_PINS = 50
MAX_POSITION = 1_000
MAX_HIDDEN_ITEMS = 200
MAX_BOOSTS = 20
MAX_AMOUNT = 0.5
MAX_QUERIES = 20
MAX_SYNONYMS = 5_000
MAX_PHRASES = 50
MAX_PHRASE_WORDS = 8
MAX_PHRASE_CHARACTERS = 100

Faults = dict[str, str]


class RuleRefused(ValueError):
    """A rule or synonym that cannot be saved.

    `faults` gives the reasons by field; `pins.2.item` means the third row of pins.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


def save_rule(rule: SearchRule) -> None:
    """Check a rule and save it. Raises RuleRefused."""
    check_rule(rule)
    if rule._state.adding and SearchRule.objects.count() >= MAX_RULES:
        raise RuleRefused({"name": f"At most {MAX_RULES:,} rules are allowed."})
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:
        raise RuleRefused({"name": "Another rule already has this name."}) from error


def check_rule(rule: SearchRule) -> None:
    """Raises RuleRefused with all faults."""
    rule.queries = ", ".join(phrases(rule.queries))
    checks = (_name, _condition, _dates, _pins, _hidden_items, _filters, _some_action)
    faults: Faults = {}
    for check in checks:
        for field, reason in check(rule):
            faults.setdefault(field, reason)
    if faults:
        raise RuleRefused(faults)


def _name(rule: SearchRule) -> Iterator[tuple[str, str]]:
    rule.name = " ".join(rule.name.split())
    if not 1 <= len(rule.name) <= 100:
        yield "name", "A name must have 1 to 100 characters."
    elif SearchRule.objects.other_than(rule).named(rule.name):
        yield "name", "Another rule already has this name."


def _condition(rule: SearchRule) -> Iterator[tuple[str, str]]:
    given = phrases(rule.queries)
    if rule.condition not in SearchRule.Condition.values:
        yield "condition", f"A condition is {', '.join(SearchRule.Condition.values)}."
    elif rule.condition == SearchRule.Condition.ALWAYS:
        rule.queries = ""
    elif not given:
        yield "queries", "Enter the queries it applies to, separated by commas."
    elif len(given) > MAX_QUERIES or len(rule.queries) > 500:
        yield "queries", f"A rule may list at most {MAX_QUERIES} queries, with 500 characters in total."
    elif wordless := [phrase for phrase in given if not folded_words(phrase)]:
        yield "queries", f"“{wordless[0]}” contains no word."


def _dates(rule: SearchRule) -> Iterator[tuple[str, str]]:
    if rule.starts_at and rule.ends_at and rule.starts_at >= rule.ends_at:
        yield "ends_at", "The end must be after the start."


def _pins(rule: SearchRule) -> Iterator[tuple[str, str]]:
    if len(rule.pins) > MAX_PINS:
        yield "pins", f"A rule may pin at most {MAX_PINS} items."
        return
    known = Item.objects.ids_by_external_id(row["item"] for row in rule.pins)
    items: set[str] = set()
    taken: set[int] = set()
    for index, row in enumerate(rule.pins):
        if row["item"] not in known:
            yield f"pins.{index}.item", _unknown(row["item"])
        elif row["item"] in items:
            yield f"pins.{index}.item", f"“{row['item']}” is pinned twice."
        if not 1 <= row["position"] <= MAX_POSITION:
            yield f"pins.{index}.position", f"A position must be from 1 to {MAX_POSITION:,}."
        elif row["position"] in taken:
            yield f"pins.{index}.position", f"Two items are pinned to position {row['position']}."
        items.add(row["item"])
        taken.add(row["position"])


def _hidden_items(rule: SearchRule) -> Iterator[tuple[str, str]]:
    rule.hidden_items = list(dict.fromkeys(rule.hidden_items))
    if len(rule.hidden_items) > MAX_HIDDEN_ITEMS:
        yield "hidden_items", f"A rule may list at most {MAX_HIDDEN_ITEMS} hidden items. Use a filter to hide more."
        return
    known = Item.objects.ids_by_external_id(rule.hidden_items)
    pinned = {row["item"] for row in rule.pins}
    for index, external_id in enumerate(rule.hidden_items):
        if external_id not in known:
            yield f"hidden_items.{index}", _unknown(external_id)
        elif external_id in pinned:
            yield f"hidden_items.{index}", f"“{external_id}” is both pinned and hidden."


def _filters(rule: SearchRule) -> Iterator[tuple[str, str]]:
    if len(rule.boosts) > MAX_BOOSTS:
        yield "boosts", f"A rule may have at most {MAX_BOOSTS} boosts."
        return
    attributes = Attribute.objects.by_name()
    if reason := _filter_fault(rule.hide_filter, attributes):
        yield "hide_filter", reason
    for index, row in enumerate(rule.boosts):
        if not row["filter"].strip():
            yield f"boosts.{index}.filter", "Enter a filter for the items to boost."
        elif reason := _filter_fault(row["filter"], attributes):
            yield f"boosts.{index}.filter", reason
        amount = row["amount"]
        if not math.isfinite(amount) or not 0 < abs(amount) <= MAX_AMOUNT:
            yield f"boosts.{index}.amount", f"A boost must be between -{MAX_AMOUNT} and {MAX_AMOUNT}, and not 0."


def _some_action(rule: SearchRule) -> Iterator[tuple[str, str]]:
    if not (rule.pins or rule.hidden_items or rule.hide_filter.strip() or rule.boosts):
        yield "", "A rule must pin, hide or boost something."


def _filter_fault(text: str, attributes: Mapping[str, Attribute]) -> str:
    try:
        predicate(text, attributes=attributes)
    except FilterError as error:
        return str(error)
    return ""


def _unknown(external_id: str) -> str:
    return f"There is no item “{external_id[:60]}”."


def save_synonym(synonym: Synonym) -> None:
    """Check a synonym and save it. Raises RuleRefused."""
    check_synonym(synonym)
    if synonym._state.adding and Synonym.objects.count() >= MAX_SYNONYMS:
        raise RuleRefused({"words": f"At most {MAX_SYNONYMS:,} synonyms are allowed."})
    synonym.save()


def check_synonym(synonym: Synonym) -> None:
    """Raises RuleRefused with all faults."""
    faults: Faults = {}
    for field in ("words", "alternatives"):
        given = [" ".join(phrase.split()) for phrase in getattr(synonym, field)]
        setattr(synonym, field, list(dict.fromkeys(given)))
        if reason := _phrases_fault(given):
            faults[field] = reason
    words, alternatives = _folded(synonym.words), _folded(synonym.alternatives)
    if not synonym.words:
        faults["words"] = "Enter at least one word."
    elif "words" not in faults and not alternatives and len(words) < 2:
        faults["words"] = "Enter at least two words that stand for each other."
    elif both := words & alternatives:
        faults["alternatives"] = f"“{' '.join(both.pop())}” is on both sides."
    if faults:
        raise RuleRefused(faults)


def _folded(given: Sequence[str]) -> set[tuple[str, ...]]:
    return {folded_words(phrase) for phrase in given}


def _phrases_fault(given: Sequence[str]) -> str:
    if len(given) > MAX_PHRASES:
        return f"At most {MAX_PHRASES} are allowed in one group."
    for phrase in given:
        if not folded_words(phrase):
            return f"“{phrase}” contains no word."
        if len(phrase) > MAX_PHRASE_CHARACTERS or len(folded_words(phrase)) > MAX_PHRASE_WORDS:
            return (
                f"“{phrase[:40]}” is too long: at most {MAX_PHRASE_WORDS} words of {MAX_PHRASE_CHARACTERS} characters."
            )
    return ""
