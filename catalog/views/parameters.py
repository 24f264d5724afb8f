"""Reading the URL of a search page, and building the URLs of similar searches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Attribute
from catalog.search.by_picture import PictureAsked
from catalog.search.facets import TEXT_COLUMNS
from catalog.search.filters import Filter, selection
from catalog.search.queries import DEFAULT_RATIO, MAX_OFFSET, SearchQuery
from catalog.search.reranking import reranker_spec
from catalog.search.sorting import FIXED
from catalog.search.taste import Taste
from catalog.views.labels import YES_OR_NO, name_label

Kind = Attribute.Kind

PAGE_HITS = 20
LAST_PAGE = MAX_OFFSET // PAGE_HITS
MAX_CHOSEN = 50
MAX_TOKEN = 64
RESERVED = frozenset({"q", "page", "sort", "semantic_ratio", "correct", "as_typed", "personalize", "picture", "rerank"})

Range = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the URL of a search page asks for. `notes` says which parts of it were left out, and why."""

    text: str = ""
    page: int = 1
    sort: str = ""
    semantic_ratio: float = DEFAULT_RATIO
    correct: bool = True
    personalize: bool = False
    picture: str = ""
    """The token of a picture to search by, alone or together with the text."""
    sight: PictureAsked | None = field(default=None, compare=False)
    """That picture's vector, once it has been read."""
    rerank: bool = True
    """False if the page that this one follows was not reranked, so that both are cut from the same order."""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def filter(self) -> Filter | None:
        return selection(self.chosen, self.ranges)

    @property
    def filtered(self) -> list[str]:
        """The fields with a filter."""
        return [*self.chosen, *self.ranges]

    def without(self, name: str) -> Self:
        """The same search with any value for this field."""
        chosen = {field: values for field, values in self.chosen.items() if field != name}
        ranges = {field: ends for field, ends in self.ranges.items() if field != name}
        return self._anew(chosen=chosen, ranges=ranges)

    def without_value(self, name: str, value: str) -> Self:
        left = tuple(other for other in self.chosen[name] if other != value)
        return self._anew(chosen={**self.chosen, name: left}) if left else self.without(name)

    def with_range(self, name: str, ends: Range) -> Self:
        return self._anew(ranges={**self.ranges, name: ends})

    @property
    def without_text(self) -> Self:
        return self.with_text("")

    @property
    def as_typed(self) -> Self:
        """The same search with its words uncorrected."""
        return self._anew(correct=False)

    @property
    def other_taste(self) -> Self:
        """The same search with the visitor's taste switched on, or off if it is on."""
        return self._anew(personalize=not self.personalize)

    @property
    def without_picture(self) -> Self:
        return self._anew(picture="", sight=None)

    @property
    def asks(self) -> bool:
        """Whether there is anything to search for, in words or by a picture."""
        return bool(self.text) or self.sight is not None

    def with_text(self, text: str) -> Self:
        return self._anew(text=text, correct=True)

    @property
    def without_filters(self) -> Self:
        return self._anew(chosen={}, ranges={})

    def at_page(self, page: int) -> Self:
        return replace(self, page=page)

    def _anew(self, **changes: Any) -> Self:
        """Another search, starting at its first page."""
        return replace(self, **changes, page=1, rerank=True)

    @property
    def can_be_reranked(self) -> bool:
        """Whether the site has a reranker and it affects the order of this search."""
        asked_in_words = bool(self.text) and not self.picture and not self.sort
        return self.rerank and asked_in_words and reranker_spec() is not None

    @property
    def address(self) -> str:
        """The shortest URL for this search."""
        pairs: list[tuple[str, str]] = [("q", self.text)] if self.text else []
        pairs += [(name, value) for name, values in self.chosen.items() for value in values]
        for name, ends in self.ranges.items():
            labelled = zip(("from", "to"), ends, strict=True)
            pairs += [(f"{name}_{end}", plain_number(bound)) for end, bound in labelled if bound is not None]
        if self.sort:
            pairs.append(("sort", self.sort))
        if self.semantic_ratio != DEFAULT_RATIO:
            pairs.append(("semantic_ratio", plain_number(self.semantic_ratio)))
        if not self.correct:
            pairs.append(("correct", "0"))
        if self.personalize:
            pairs.append(("personalize", "1"))
        if self.picture:
            pairs.append(("picture", self.picture))
        if not self.rerank:
            pairs.append(("rerank", "0"))
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return f"{reverse('search')}?{urlencode(pairs)}" if pairs else reverse("search")

    def query(
        self,
        *,
        facets: Sequence[str] = (),
        prefix: bool = False,
        taste: Taste | None = None,
        rerank: bool = False,
    ) -> SearchQuery:
        return SearchQuery(
            text=self.text,
            limit=PAGE_HITS,
            offset=(self.page - 1) * PAGE_HITS,
            filter=self.filter,
            facets=tuple(facets),
            sort=self.sort,
            semantic_ratio=self.semantic_ratio,
            explain=True,
            rerank=rerank and self.can_be_reranked,
            correct=self.correct,
            close_first=True,
            prefix=prefix,
            taste=taste,
            picture=self.sight.vector if self.sight else None,
            version_id=self.sight.version_id if self.sight else None,
        )

    def count_query(self, *, facets: Sequence[str] = (), limit: int = 1) -> SearchQuery:
        """The same search, but only for its counts and its first few hits."""
        return replace(self.query(facets=facets), limit=limit, offset=0, highlight=False, explain=False)


def plain_number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def read_address(parameters: QueryDict, attributes: Sequence[Attribute]) -> Asked:
    """Read a search page's parameters. Invalid ones are left out with a note; unknown ones are ignored."""
    return _Reader(parameters, attributes).asked()


class _Reader:
    def __init__(self, parameters: QueryDict, attributes: Sequence[Attribute]) -> None:
        self.parameters = parameters
        self.attributes = [attribute for attribute in attributes if attribute.name not in RESERVED]
        self.notes: list[str] = []

    def asked(self) -> Asked:
        text = self.parameters.get("q", "").strip()
        return Asked(
            text=text,
            page=int(self._number("page", 1, LAST_PAGE) or 1),
            sort=self._sort(),
            semantic_ratio=self._ratio(),
            correct=self._correct(text),
            personalize=self.parameters.get("personalize") == "1",
            picture=self.parameters.get("picture", "")[:MAX_TOKEN],
            rerank=self.parameters.get("rerank") != "0",
            chosen=self._chosen(),
            ranges=self._ranges(),
            notes=tuple(self.notes),
        )

    def _number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        text = self.parameters.get(name, "").strip()
        try:
            number = float(text) if text else None
        except ValueError:
            number = math.nan
        if number is None or (math.isfinite(number) and low <= number <= high):
            return number
        self.notes.append(f"{name_label(name)} cannot be “{text[:40]}”, so it is ignored.")
        return None

    def _ratio(self) -> float:
        ratio = self._number("semantic_ratio", 0, 1)
        return DEFAULT_RATIO if ratio is None else ratio

    def _correct(self, text: str) -> bool:
        """The form says for which text corrections were refused: a different text may be corrected."""
        refused = bool(text) and self.parameters.get("as_typed", "").strip() == text
        return not refused and self.parameters.get("correct") != "0"

    def _sort(self) -> str:
        sort = self.parameters.get("sort", "")
        if sort in FIXED or sort.removeprefix("-") in sortable(self.attributes):
            return sort
        self.notes.append(f"Unknown sort order “{sort[:40]}”, so the default is used.")
        return ""

    def _chosen(self) -> dict[str, tuple[str, ...]]:
        kinds = {attribute.name: attribute.kind for attribute in self.attributes}
        names = [*TEXT_COLUMNS, *(name for name, kind in kinds.items() if kind != Kind.NUMBER)]
        chosen = {}
        for name in names:
            values = tuple(dict.fromkeys(value for value in self.parameters.getlist(name) if value))[:MAX_CHOSEN]
            if kinds.get(name) == Kind.BOOLEAN and not set(values) <= set(YES_OR_NO):
                self.notes.append(f"{name_label(name)} must be true or false, so it is ignored.")
            elif values:
                chosen[name] = values
        return chosen

    def _ranges(self) -> dict[str, Range]:
        ranges = {}
        for attribute in self.attributes:
            if attribute.kind == Kind.NUMBER:
                low, high = self._number(f"{attribute.name}_from"), self._number(f"{attribute.name}_to")
                if low is not None and high is not None and low > high:
                    low, high = high, low
                if low is not None or high is not None:
                    ranges[attribute.name] = (low, high)
        return ranges


def sortable(attributes: Sequence[Attribute]) -> list[str]:
    return [attribute.name for attribute in attributes if attribute.kind == Kind.NUMBER and not attribute.many]
