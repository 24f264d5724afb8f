"""Counts of attribute values among the items found, for the filters beside a page of results."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

from django.db import connection

from catalog.errors import InvalidQuery
from catalog.models import Attribute
from catalog.search.predicates import Predicate

MAX_VALUES = 100
MAX_BUCKETS = 20
#: When browsing, only this many of the newest matching items are counted, so that counts stay cheap in any catalogue.
BROWSED_ITEMS = 100_000
TEXT_COLUMNS = ("category", "language")

# Equal values are counted together before lists are taken apart, so a list is read once however many items have it.
VALUES_SQL = """
    WITH held AS MATERIALIZED (
        SELECT own.key AS name, own.value, count(*) AS items FROM ({items}) AS item
        CROSS JOIN LATERAL jsonb_each(
            CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{{}}' END
            || jsonb_build_object('category', nullif(category, ''), 'language', nullif(language, ''))
        ) AS own
        WHERE own.key = ANY(%(names)s) GROUP BY 1, 2
    )
    SELECT held.name, one.value #>> '{{}}', sum(held.items)::bigint FROM held
    CROSS JOIN LATERAL (SELECT DISTINCT jsonb_path_query(held.value, 'lax $[*] ? (@ != null)') AS value) AS one
    GROUP BY 1, 2
"""
FOUND_ITEMS = "SELECT category, language, attributes FROM catalog_item WHERE id = ANY(%(ids)s)"
MATCHING_ITEMS = """
    SELECT category, language, attributes FROM catalog_item WHERE catalog_item.published AND {condition}
    ORDER BY created_at DESC, id DESC LIMIT %(items)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Items with low <= value < high."""

    low: float
    high: float
    last: float
    """The range from `low` to `last`, both included, holds the same items: `last` is the largest number that the bucket
    can hold if all numbers are whole, otherwise the largest that it does hold, or `low` if it is empty."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """By attribute: the commonest values; for numbers, the minimum and maximum and a histogram between them."""

    values: dict[str, list[FacetValue]] = field(default_factory=dict)
    stats: dict[str, tuple[float, float]] = field(default_factory=dict)
    histograms: dict[str, list[Bucket]] = field(default_factory=dict)


def count_found(names: Sequence[str], item_ids: Sequence[int]) -> Facets:
    """Count among these items."""
    return _count(names, FOUND_ITEMS, {"ids": list(item_ids)})


def count_matching(names: Sequence[str], wanted: Predicate | None) -> Facets:
    """Count among all published items that meet the filter."""
    condition, parameters = wanted.named() if wanted else ("true", {})
    return _count(names, MATCHING_ITEMS.format(condition=condition), {**parameters, "items": BROWSED_ITEMS})


def _count(names: Sequence[str], items: str, parameters: Mapping[str, Any]) -> Facets:
    if not names:
        return Facets()
    numbers = _number_names(names)
    counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(VALUES_SQL.format(items=items), {**parameters, "names": list(dict.fromkeys(names))})
        for name, value, count in cursor.fetchall():
            counts[name].append((value, count))
    numeric = {name: _numbers(counts[name]) for name in names if name in numbers}
    return Facets(
        values={name: _commonest(counts[name]) for name in names if name not in numbers},
        stats={name: (min(values), max(values)) for name, values in numeric.items() if values},
        histograms={name: histogram(values) for name, values in numeric.items() if values},
    )


def _number_names(names: Sequence[str]) -> set[str]:
    """The facets that are numbers. Raises InvalidQuery."""
    attributes = Attribute.objects.by_name()
    for name in names:
        if name not in attributes and name not in TEXT_COLUMNS:
            known = ", ".join(sorted({*attributes, *TEXT_COLUMNS}))
            raise InvalidQuery(f"Unknown facet “{name}”. Known: {known}.", field="facets", code="unknown_facet")
    return {name for name, attribute in attributes.items() if attribute.kind == Attribute.Kind.NUMBER}


def _commonest(counts: Iterable[tuple[str, int]]) -> list[FacetValue]:
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:MAX_VALUES]
    return [FacetValue(value=value, count=count) for value, count in ordered]


def _numbers(counts: Iterable[tuple[str, int]]) -> dict[float, int]:
    """Counts by number; values of any other kind are left out."""
    numbers: dict[float, int] = {}
    for value, count in counts:
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            numbers[number] = numbers.get(number, 0) + count
    return numbers


def histogram(counts: Mapping[float, int]) -> list[Bucket]:
    """At most MAX_BUCKETS buckets of a round width (1, 2 or 5 times a power of ten), including empty ones.

    For whole numbers the least width is 1. Computed in decimals, so that .3 falls in the bucket that begins with .3.
    """
    exact = {Decimal(repr(value)): count for value, count in counts.items()}
    are_whole = all(value.is_integer() for value in map(float, counts))
    with localcontext(prec=60):
        least = (max(exact) - min(exact)) / (MAX_BUCKETS - 1)
        width = _round_width(max(least, Decimal(1)) if are_whole else least)
        places = {value: int((value / width).to_integral_value(ROUND_FLOOR)) for value in exact}
        first = min(places.values())
        totals = [0] * (max(places.values()) - first + 1)
        lasts = [(first + place + are_whole) * width - are_whole for place in range(len(totals))]
        for value, count in exact.items():
            place = places[value] - first
            totals[place] += count
            lasts[place] = max(lasts[place], value)
        return [
            Bucket(
                low=_float((first + place) * width),
                high=_float((first + place + 1) * width),
                last=_float(lasts[place]),
                count=total,
            )
            for place, total in enumerate(totals)
        ]


def _float(number: Decimal) -> float:
    """The number, clipped to the range of a float."""
    return max(-sys.float_info.max, min(float(number), sys.float_info.max))


def _round_width(least: Decimal) -> Decimal:
    """The smallest round number that is not below `least`."""
    if not least:
        return Decimal(1)
    power = Decimal(1).scaleb(least.adjusted())
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
