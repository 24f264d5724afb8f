"""The staff page for judging the hits of a query with a click each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views import View

from catalog.errors import InvalidQuery
from catalog.judged.pooling import Pooled, neighbours, next_query, passage_of, pool
from catalog.judged.sets import SetRefused, forget, judge, judge_others
from catalog.models import IndexVersion, Item, JudgedQuery
from catalog.search import search
from catalog.search.queries import MAX_TEXT_CHARACTERS, SearchQuery
from dashboard.access import StaffOnly

FOUND_SHOWN = 8
#: More items than a pool holds cannot be graded at once.
MOST_AT_ONCE = 200
GRADES = ((0, "Not relevant"), (1, "Related"), (2, "Relevant"), (3, "Perfect"))


class JudgeView(StaffOnly, View):
    """The pool of a query with a grade for each item, and a separate search to add any other item."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        query = get_object_or_404(JudgedQuery.objects.select_related("judged_set"), pk=pk)
        version = _version(request.GET.get("version", ""))
        find = request.GET.get("find", "").strip()[:MAX_TEXT_CHARACTERS]
        before, after = neighbours(query)
        context = {
            "query": query,
            "pool": pool(query, version=version),
            "judged": query.judgements.count(),
            "found": _found(find, query),
            "find": find,
            "version": version,
            "versions": IndexVersion.objects.live(),
            "before": before,
            "after": after,
            "next": next_query(query),
            "place": JudgedQuery.objects.filter(judged_set=query.judged_set_id, pk__lte=pk).count(),
            "queries": JudgedQuery.objects.filter(judged_set=query.judged_set_id).count(),
            "grades": GRADES,
            "address": _address(request),
        }
        return render(request, "dashboard/lab_judge.html", context)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Grade an item, remove its grade, or grade all named items that have none as not relevant."""
        query = get_object_or_404(JudgedQuery, pk=pk)
        grade = request.POST.get("grade", "")
        named = [int(item) for item in request.POST.getlist("item")[:MOST_AT_ONCE] if item.isascii() and item.isdigit()]
        items = list(Item.objects.filter(pk__in=[item for item in named if item < 2**63]))
        try:
            if not items:
                raise SetRefused("This item no longer exists.")
            if "others" in request.POST:
                judge_others(query, items, judged_by=self.staff)
                return redirect(_address(request))
            if grade == "":
                forget(query, items[0])
            else:
                judge(query, {items[0].pk: _grade(grade)}, judged_by=self.staff)
        except SetRefused as error:
            messages.warning(request, str(error))
            return redirect(_address(request))
        if request.headers.get("HX-Request"):
            return self._row(request, query, items[0])
        return redirect(f"{_address(request)}#item-{items[0].pk}")

    def _row(self, request: HttpRequest, query: JudgedQuery, item: Item) -> HttpResponse:
        """The item's grades as they are now, and how many items are judged."""
        context = {
            "query": query,
            "item": item,
            "grade": query.judgements.filter(item=item).values_list("grade", flat=True).first(),
            "judged": query.judgements.count(),
            "swapped": True,
            "grades": GRADES,
            "address": _address(request),
        }
        return render(request, "dashboard/_lab_grades.html", context)


def _grade(text: str) -> int:
    if text not in {str(grade) for grade, _ in GRADES}:
        raise SetRefused("A grade must be from 0 to 3.")
    return int(text)


def _version(text: str) -> IndexVersion | None:
    """The live version that the URL names, if any."""
    return IndexVersion.objects.searchable(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _found(text: str, query: JudgedQuery) -> list[Pooled]:
    """Items found by the separate search, to be judged for the query."""
    if not text:
        return []
    try:
        hits = search(SearchQuery(text=text, limit=FOUND_SHOWN)).hits
    except InvalidQuery:
        return []
    grades = dict(query.judgements.filter(item__in=[hit.item for hit in hits]).values_list("item_id", "grade"))
    return [Pooled(item=hit.item, passage=passage_of(hit), places={}, grade=grades.get(hit.item.pk)) for hit in hits]


def _address(request: HttpRequest) -> str:
    """The URL of this page with the requested version and search."""
    kept = {name: value for name in ("version", "find") if (value := request.GET.get(name, ""))}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
