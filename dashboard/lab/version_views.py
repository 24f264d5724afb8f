"""The staff page that shows two index versions side by side, before switching to either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from catalog.errors import InvalidQuery
from catalog.judged.side_by_side import TOP, Side, SideBySide, pair_of, side_by_side
from catalog.models import IndexVersion, JudgedQuery, JudgedSet, MeasuredSetting, Measurement
from catalog.search.queries import DEFAULT_RATIO
from catalog.templatetags.catalogue import ordinal
from dashboard.access import StaffOnly
from dashboard.lab.forms import CompareForm
from dashboard.lab.measurement_views import figures_context
from dashboard.marks import Mark
from dashboard.rules.preview import Row

QUERIES_OFFERED = 200
SETTINGS = {
    "model": "Encoder",
    "revision": "Revision",
    "dimensions": "Dimensions",
    "query_prompt": "Query prompt",
    "document_prompt": "Document prompt",
    "window_tokens": "Passage window",
    "overlap_tokens": "Overlap",
    "document_template": "Document template",
    "storage": "Storage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A setting that differs between two versions."""

    name: str
    one: str
    other: str


class CompareVersionsView(StaffOnly, View):
    """Both lists for a query, and both versions' figures on a query set. Defaults: the serving and newest versions."""

    def get(self, request: HttpRequest) -> HttpResponse:
        live = list(IndexVersion.objects.live())
        usual = {**_usual(live), "semantic_ratio": str(DEFAULT_RATIO)}
        form = CompareForm({**usual, **{name: value for name, value in request.GET.items() if value}})
        context: dict[str, Any] = {"form": form, "enough": len(live) > 1}
        if len(live) > 1 and form.is_valid():
            context |= self._compared(**form.cleaned_data)
        return render(request, "dashboard/version_comparison.html", context)

    def _compared(
        self, one: IndexVersion, other: IndexVersion, judged_set: JudgedSet | None, q: str, semantic_ratio: float
    ) -> dict[str, Any]:
        queries = list(JudgedQuery.objects.filter(judged_set=judged_set)[:QUERIES_OFFERED]) if judged_set else []
        text = q.strip() or (queries[0].text if queries else "")
        context: dict[str, Any] = {
            "one": one,
            "other": other,
            "judged_set": judged_set,
            "queries": queries,
            "q": text,
            "ratio": semantic_ratio,
        }
        if one == other:
            return context | {"fault": "Choose two different versions."}
        context["differences"] = _differences(one, other)
        context["switch_to"] = _switch_to(one, other)
        texts = [query.text for query in queries]
        if text in texts[:-1]:
            context["next"] = texts[texts.index(text) + 1]
        if judged_set is not None:
            context["measurement"] = measured = _measured(judged_set, one, other, semantic_ratio)
            context |= figures_context(measured) if measured else {}
        if text:
            try:
                found = side_by_side(text, one, other, semantic_ratio=semantic_ratio)
            except InvalidQuery as error:
                return context | {"fault": str(error)}
            context |= {"found": found, "sides": _sides(found), "overlap": round(100 * found.overlap_at_10)}
        return context


def _usual(live: list[IndexVersion]) -> dict[str, str]:
    return {name: str(version.pk) for name, version in zip(("one", "other"), pair_of(live), strict=True) if version}


def _switch_to(one: IndexVersion, other: IndexVersion) -> IndexVersion | None:
    """The version that is ready, if the other one serves."""
    states = {version.state: version for version in (one, other)}
    return states.get(IndexVersion.State.READY) if IndexVersion.State.ACTIVE in states else None


def _differences(one: IndexVersion, other: IndexVersion) -> list[Difference]:
    told = [
        Difference(name=label, one=str(getattr(one, name)), other=str(getattr(other, name)))
        for name, label in SETTINGS.items()
    ]
    return [own for own in told if own.one != own.other]


def _measured(judged_set: JudgedSet, one: IndexVersion, other: IndexVersion, ratio: float) -> Measurement | None:
    """The latest measurement of both at this ratio, in either order."""
    both = Measurement.objects.filter(judged_set=judged_set, kind=Measurement.Kind.VERSIONS)
    for version in (one, other):
        settings = MeasuredSetting.objects.filter(version=version, semantic_ratio=ratio)
        both = both.filter(pk__in=settings.values("measurement"))
    return both.first()


def _sides(found: SideBySide) -> list[tuple[Side, list[Row]]]:
    return [(found.one, _rows(found.one, found.other)), (found.other, _rows(found.other, found.one))]


def _rows(side: Side, beside: Side) -> list[Row]:
    places = beside.places
    return [
        Row(place=place, hit=hit, marks=_moved(place, places.get(hit.item.pk), beside.version))
        for place, hit in enumerate(side.results.hits[:TOP], start=1)
    ]


def _moved(place: int, there: int | None, beside: IndexVersion) -> list[Mark]:
    """Where the item stands in the other list, unless at the same place."""
    if there is None:
        return [Mark(kind="new", text="Only here")]
    if there == place:
        return []
    return [Mark(kind="up" if place < there else "down", text=f"{ordinal(there)} in v{beside.pk}")]
