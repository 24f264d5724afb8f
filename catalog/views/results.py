"""A page of results, ready to render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalog.models import Attribute, Item
from catalog.search import search
from catalog.search.queries import Hit, SearchResults
from catalog.search.taste import Taste
from catalog.views.evidence import KINDS, Evidence, evidence_of
from catalog.views.facets import Choice, Span, facet_names, show_facets
from catalog.views.labels import YES_OR_NO, meta_line, name_label, number_label, unit_of, value_label
from catalog.views.parameters import LAST_PAGE, PAGE_HITS, Asked, sortable

PAGES_AROUND = 2
MAX_RELAXED = 4
RELAXED_COVERS = 3
#: The number of nearest hits shown of those that are not close.
FAR_HITS = 6
SORTED_NUMBERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A hit with what is shown around it."""

    hit: Hit
    meta: list[str]
    evidence: Evidence | None

    @property
    def item(self) -> Item:
        return self.hit.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """An active filter and the URL of the search without it."""

    label: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """The search without one of its filters, and what it would find."""

    label: str
    address: str
    count: int
    at_least: bool
    """Whether it may find more than `count`."""
    items: list[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    number: int
    address: str
    current: bool
    after_gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    links: list[PageLink]
    previous: str
    next: str
    first_hit: int
    last_hit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    asked: Asked
    results: SearchResults
    count: int
    """The number of results shown to the visitor: the close hits."""
    close: list[Row]
    far: list[Row]
    facets: list[Choice | Span]
    chips: list[Chip]
    relaxed: list[Relaxed]
    sorts: list[tuple[str, str]]
    paging: Paging

    @property
    def shown(self) -> list[int]:
        """Ids of the items on the page, from top to bottom."""
        return [row.item.pk for row in (*self.close, *self.far)]

    @property
    def evidence_kinds(self) -> list[str]:
        """The kinds of segments in the score bars on the page."""
        evidence = [row.evidence for row in (*self.close, *self.far) if row.evidence]
        drawn = {segment.kind for one in evidence for segment in one.segments}
        return [kind for kind in KINDS if kind in drawn]

    @property
    def nothing_close(self) -> bool:
        return self.asked.asks and self.results.total > 0 and self.results.close_total == 0

    @property
    def at_least(self) -> bool:
        """Whether the catalogue may hold more close items than were found."""
        return not self.results.exhaustive

    @property
    def first_page(self) -> str:
        return self.asked.at_page(1).address

    @property
    def without_operators(self) -> str:
        """The URL of the search for the same words without the query's operators."""
        return self.asked.with_text(" ".join(self.results.operators.text.split())).address

    @property
    def operator_count(self) -> int:
        return len(self.results.operators.phrases) + len(self.results.operators.excluded)

    @property
    def settles(self) -> bool:
        """Whether the hits are in first-stage order for now, because somebody is typing."""
        return self.asked.can_be_reranked and bool(self.results.hits) and not self.results.query.rerank

    @property
    def sort_label(self) -> str:
        return dict(self.sorts)[self.asked.sort]


def results_page(
    asked: Asked,
    attributes: Sequence[Attribute],
    *,
    prefix: bool = False,
    taste: Taste | None = None,
    rerank: bool = True,
) -> ResultsPage:
    """Run the search, and those that show what a change of filters would bring. Raises InvalidQuery."""
    names = facet_names(attributes, asked)
    results = search(asked.query(facets=names, prefix=prefix, taste=taste, rerank=rerank))
    rows = [_row(hit, results, attributes) for hit in results.hits]
    far = [row for row in rows if not row.hit.close and row.hit.score > 0][:FAR_HITS]
    return ResultsPage(
        asked=asked,
        results=results,
        count=results.close_total,
        close=[row for row in rows if row.hit.close],
        far=far,
        facets=show_facets(names, asked, results),
        chips=_chips(asked),
        relaxed=[] if results.close_total else _relaxed(asked),
        sorts=_sorts(asked, attributes),
        paging=_paging(_in_one_order(asked, results), results),
    )


def _row(hit: Hit, results: SearchResults, attributes: Sequence[Attribute]) -> Row:
    return Row(hit=hit, meta=meta_line(hit.item, attributes), evidence=evidence_of(hit, results))


def _chips(asked: Asked) -> list[Chip]:
    chips = [
        Chip(label=choice_label(name, value), address=asked.without_value(name, value).address)
        for name, values in asked.chosen.items()
        for value in values
    ]
    return chips + [Chip(label=range_label(asked, name), address=asked.without(name).address) for name in asked.ranges]


def choice_label(name: str, value: str) -> str:
    return f"{name_label(name)}: {YES_OR_NO[value].lower()}" if value in YES_OR_NO else value_label(name, value)


def range_label(asked: Asked, name: str) -> str:
    """1990 to 2024, from 1990, up to 2024"""
    low, high = ("" if end is None else number_label(name, end) for end in asked.ranges[name])
    span = f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"
    return f"{name_label(name)} {low if low == high else span} {unit_of(name)}".strip()


def _relaxed(asked: Asked) -> list[Relaxed]:
    """The search without each filter in turn, if that finds something close; otherwise without all of them."""
    wider = [(_filter_label(asked, name), asked.without(name)) for name in asked.filtered[:MAX_RELAXED]]
    found = [relaxed for label, without in wider if (relaxed := _relax(label, without))]
    if len(wider) > 1 and not found:
        found = [relaxed for relaxed in [_relax("any filter", asked.without_filters)] if relaxed]
    return sorted(found, key=lambda relaxed: -relaxed.count)


def _relax(label: str, wider: Asked) -> Relaxed | None:
    results = search(wider.count_query(limit=RELAXED_COVERS))
    if not results.close_total:
        return None
    items = [hit.item for hit in results.hits if hit.close]
    return Relaxed(
        label=label, address=wider.address, count=results.close_total, at_least=not results.exhaustive, items=items
    )


def _filter_label(asked: Asked, name: str) -> str:
    values = asked.chosen.get(name, ())
    return ", ".join(choice_label(name, value) for value in values) or range_label(asked, name)


def _sorts(asked: Asked, attributes: Sequence[Attribute]) -> list[tuple[str, str]]:
    """The available orders: their parameter and their label."""
    fixed = [("", "Best match"), ("newest", "Recently added")] if asked.asks else [("", "Recently added")]
    sorts = [*fixed, ("title", "Title, A to Z")]
    for name in sortable(attributes)[:SORTED_NUMBERS]:
        label = name_label(name)
        sorts += [(f"-{name}", f"{label}, high to low"), (name, f"{label}, low to high")]
    known = {parameter for parameter, _ in sorts}
    return sorts if asked.sort in known else [*sorts, (asked.sort, _sort_label(asked.sort))]


def _sort_label(sort: str) -> str:
    """The label of an order that is not offered but in the URL."""
    fixed = {"newest": "Recently added", "-newest": "Oldest first", "-title": "Title, Z to A"}
    ends = "high to low" if sort.startswith("-") else "low to high"
    return fixed.get(sort) or f"{name_label(sort.removeprefix('-'))}, {ends}"


def _in_one_order(asked: Asked, results: SearchResults) -> Asked:
    """The search for the other pages of these results: if these are not reranked, the others are not either."""
    return replace(asked, rerank=results.reranked) if asked.can_be_reranked else asked


def _paging(asked: Asked, results: SearchResults) -> Paging:
    """Pages of close hits: the last one is filled up with others, and no page holds only those."""
    last = min(max(1, -(-results.close_total // PAGE_HITS)), LAST_PAGE)
    near = range(max(1, asked.page - PAGES_AROUND), min(last, asked.page + PAGES_AROUND) + 1)
    numbers = sorted({1, *near, last})
    links = [
        PageLink(
            number=number,
            address=asked.at_page(number).address,
            current=number == asked.page,
            after_gap=place > 0 and number > numbers[place - 1] + 1,
        )
        for place, number in enumerate(numbers)
    ]
    first_hit = (asked.page - 1) * PAGE_HITS + 1
    return Paging(
        links=links if last > 1 else [],
        previous=asked.at_page(min(asked.page - 1, last)).address if asked.page > 1 else "",
        next=asked.at_page(asked.page + 1).address if asked.page < last else "",
        first_hit=first_hit,
        last_hit=min(first_hit + PAGE_HITS - 1, results.close_total),
    )
