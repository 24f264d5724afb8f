"""The filters beside a page of results."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from catalog.models import Attribute
from catalog.search import search
from catalog.search.facets import TEXT_COLUMNS, Bucket, FacetValue
from catalog.search.queries import SearchResults
from catalog.views.labels import YES_OR_NO, is_year, name_label, number_label, unit_of, value_label
from catalog.views.parameters import RESERVED, Asked, plain_number

MAX_FACETS = 12
#: Values visible at once; the others are one click away.
VALUES_IN_SIGHT = 8
WIDTH, HEIGHT = 100, 46
LEAST_BAR, GAP = 1.2, 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value to choose. `bar` is its share of the commonest value's count, 0 to 100."""

    id: str
    value: str
    label: str
    count: int
    bar: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A facet of texts."""

    name: str
    label: str
    options: list[Option] = field(default_factory=list)
    more: list[Option] = field(default_factory=list)
    is_range = False

    @property
    def open(self) -> bool:
        return any(option.chosen for option in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bucket of a histogram, drawn; `address` narrows the search to it."""

    x: float
    y: float
    width: float
    height: float
    inside: bool
    label: str
    count: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A facet of numbers: a histogram, and the range asked for."""

    name: str
    label: str
    unit: str
    least: str
    greatest: str
    low: str
    high: str
    bars: list[Bar]
    is_range = True


def facet_names(attributes: Sequence[Attribute], asked: Asked) -> list[str]:
    """The facets to show: the declared ones and every field with a filter."""
    shown = [attribute for attribute in attributes if attribute.facet and attribute.name not in RESERVED]
    usual = [attribute.name for attribute in sorted(shown, key=_place)] + list(TEXT_COLUMNS)
    return list(dict.fromkeys([*usual[:MAX_FACETS], *asked.filtered]))


def _place(attribute: Attribute) -> tuple[int, int]:
    """The order set by staff; then lists of texts, the year, other numbers, and single texts."""
    if attribute.kind == Attribute.Kind.NUMBER:
        return attribute.position, 1 if is_year(attribute.name) else 2
    return attribute.position, 0 if attribute.many else 3


def show_facets(names: Sequence[str], asked: Asked, results: SearchResults) -> list[Choice | Span]:
    """The facets that offer a choice.

    A field with a filter is counted by one more search without that filter: otherwise only the values already chosen
    would be offered.
    """
    shown: list[Choice | Span] = []
    for name in names:
        counted = search(asked.without(name).count_query(facets=[name])) if name in asked.filtered else results
        if name in counted.histograms:
            shown.append(_span(name, counted, asked))
        elif name in asked.ranges:
            shown.append(_empty_span(name, asked))
        else:
            chosen = asked.chosen.get(name, ())
            choice = _choice(name, counted.facets.get(name, []), results.facets.get(name, []), chosen)
            if len(choice.options) > 1 or choice.open:
                shown.append(choice)
    return shown


def _choice(name: str, counted: Iterable[FacetValue], held: Iterable[FacetValue], chosen: Sequence[str]) -> Choice:
    """`held` are the values of the results, which count a chosen value that is not among the commonest."""
    counts = {value.value: value.count for value in counted}
    among_results = {value.value: value.count for value in held}
    counts |= {value: among_results.get(value, 0) for value in chosen if value not in counts}
    greatest = max(counts.values(), default=0) or 1
    options = [
        Option(
            id=f"f-{name}-{zlib.crc32(value.encode('utf-8', 'replace')):08x}",
            value=value,
            label=YES_OR_NO.get(value, value) if set(counts) <= set(YES_OR_NO) else value_label(name, value),
            count=count,
            bar=round(100 * count / greatest, 1),
            chosen=value in chosen,
        )
        for value, count in counts.items()
    ]
    in_sight = [option for place, option in enumerate(options) if place < VALUES_IN_SIGHT or option.chosen]
    more = [option for option in options if option not in in_sight]
    return Choice(name=name, label=name_label(name), options=in_sight, more=more)


def _span(name: str, counted: SearchResults, asked: Asked) -> Span:
    least, greatest = counted.facet_stats[name]
    low, high = asked.ranges.get(name, (None, None))
    buckets = counted.histograms[name]
    return Span(
        name=name,
        label=name_label(name),
        unit=unit_of(name),
        least=number_label(name, least),
        greatest=number_label(name, greatest),
        low="" if low is None else plain_number(low),
        high="" if high is None else plain_number(high),
        bars=_bars(name, buckets, asked) if len(buckets) > 1 else [],
    )


def _empty_span(name: str, asked: Asked) -> Span:
    low, high = ("" if end is None else plain_number(end) for end in asked.ranges[name])
    unit = unit_of(name)
    return Span(name=name, label=name_label(name), unit=unit, least="", greatest="", low=low, high=high, bars=[])


def _bars(name: str, buckets: Sequence[Bucket], asked: Asked) -> list[Bar]:
    greatest = max(bucket.count for bucket in buckets) or 1
    step = WIDTH / len(buckets)
    low, high = asked.ranges.get(name, (None, None))
    bars = []
    for place, bucket in enumerate(buckets):
        height = max(LEAST_BAR, (HEIGHT - 2) * bucket.count / greatest)
        bars.append(
            Bar(
                x=round(place * step + GAP / 2, 2),
                y=round(HEIGHT - height, 2),
                width=round(step - GAP, 2),
                height=round(height, 2),
                inside=name in asked.ranges
                and (low is None or bucket.last >= low)
                and (high is None or bucket.low <= high),
                label=_bar_label(name, bucket.low, bucket.last),
                count=bucket.count,
                address=asked.with_range(name, (bucket.low, bucket.last)).address,
            )
        )
    return bars


def _bar_label(name: str, low: float, high: float) -> str:
    first, last = number_label(name, low), number_label(name, high)
    return first if first == last else f"{first} to {last}"
