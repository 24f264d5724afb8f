"""The staff page of two index versions side by side, before either of them is switched to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from catalog.errors import InvalidQuery
from catalog.judged.side_by_side import TOP, Side, SideBySide, side_by_side
from catalog.models import IndexVersion, JudgedQuery, JudgedSet, MeasuredSetting, Measurement
from catalog.search.queries import DEFAULT_RATIO
from dashboard.access import StaffOnly
from dashboard.lab.forms import CompareForm
from dashboard.lab.measurement_views import figures_context
from dashboard.rule_preview import Mark, Row

QUERIES_OFFERED = 200


class CompareVersionsView(StaffOnly, View):
    """Both lists for a query, and what both come to on a query set. Without a choice: what serves and the newest."""

    def get(self, request: HttpRequest) -> HttpResponse:
        live = list(IndexVersion.objects.live())
        form = CompareForm({**_usual(live), **{name: value for name, value in request.GET.items() if value}})
        context: dict[str, Any] = {"form": form, "enough": len(live) > 1, "ratio": DEFAULT_RATIO}
        if len(live) > 1 and form.is_valid():
            context |= self._compared(**form.cleaned_data)
        return render(request, "dashboard/version_comparison.html", context)

    def _compared(self, one: IndexVersion, other: IndexVersion, judged_set: JudgedSet | None, q: str) -> dict[str, Any]:
        queries = list(JudgedQuery.objects.filter(judged_set=judged_set)[:QUERIES_OFFERED]) if judged_set else []
        text = q.strip() or (queries[0].text if queries else "")
        context: dict[str, Any] = {"one": one, "other": other, "judged_set": judged_set, "queries": queries, "q": text}
        if one == other:
            return context | {"fault": "Choose two different versions."}
        texts = [query.text for query in queries]
        if text in texts[:-1]:
            context["next"] = texts[texts.index(text) + 1]
        if judged_set is not None:
            context["measurement"] = measured = _measured(judged_set, one, other)
            context |= figures_context(measured) if measured else {}
        if text:
            try:
                found = side_by_side(text, one, other)
            except InvalidQuery as error:
                return context | {"fault": str(error)}
            context |= {"found": found, "sides": _sides(found), "overlap": round(100 * found.overlap_at_10)}
        return context


def _usual(live: list[IndexVersion]) -> dict[str, str]:
    """What serves, and of the others the newest."""
    serving = next((version for version in live if version.state == IndexVersion.State.ACTIVE), None)
    others = [version for version in live if version != serving]
    one, other = serving or next(iter(others[1:]), None), next(iter(others), None)
    return {name: str(version.pk) for name, version in (("one", one), ("other", other)) if version}


def _measured(judged_set: JudgedSet, one: IndexVersion, other: IndexVersion) -> Measurement | None:
    """The last measurement of both, whichever was first."""
    both = Measurement.objects.filter(judged_set=judged_set, kind=Measurement.Kind.VERSIONS)
    for version in (one, other):
        both = both.filter(pk__in=MeasuredSetting.objects.filter(version=version).values("measurement"))
    return both.first()


def _sides(found: SideBySide) -> list[tuple[Side, list[Row]]]:
    return [(found.one, _rows(found.one, found.other)), (found.other, _rows(found.other, found.one))]


def _rows(side: Side, beside: Side) -> list[Row]:
    places = beside.places
    return [
        Row(place=place, hit=hit, marks=_moved(place, places.get(hit.item.pk)))
        for place, hit in enumerate(side.results.hits[:TOP], start=1)
    ]


def _moved(place: int, there: int | None) -> list[Mark]:
    """Where the item stands in the other list, if not at the same place."""
    if there is None:
        return [Mark(kind="new", text="Only here")]
    if there == place:
        return []
    return [Mark(kind="up" if place < there else "down", text=f"{'↑' if place < there else '↓'} there {there}")]
