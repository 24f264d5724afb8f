"""The staff pages for query sets: create them, fill them, measure search on them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.importing.rows import FileUnreadable
from catalog.judged.exporting import csv_lines
from catalog.judged.loading import Loaded, load_file
from catalog.judged.measuring import AlreadyMeasuring, NothingToMeasure, settings_of, start_measurement
from catalog.judged.sets import (
    SetRefused,
    add_queries,
    create_set,
    delete_query,
    delete_set,
    logged_queries,
    rename_set,
)
from catalog.models import JudgedQuery, JudgedSet, Measurement
from dashboard.access import StaffOnly
from dashboard.lab.forms import MeasureForm, MoreQueriesForm, NewSetForm, QueriesForm
from dashboard.lab.history import history, latest, set_rows, sweep_of, with_ndcg

QUERIES_A_PAGE = 50


class SetsView(StaffOnly, View):
    """Lists the query sets beside a form that creates another."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, NewSetForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewSetForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                judged_set = create_set(name=form.cleaned_data["name"], created_by=self.staff)
            except SetRefused as error:
                form.add_error("name", str(error))
            else:
                record_action(self.staff, "query_set.create", judged_set)
                return filled(request, self, judged_set, form)
        return self._page(request, form, status=400)

    def _page(self, request: HttpRequest, form: NewSetForm, *, status: int = 200) -> HttpResponse:
        return render(request, "dashboard/lab_sets.html", {"rows": set_rows(), "form": form}, status=status)


class SetView(StaffOnly, View):
    """One set: what was measured on it, its queries, and what else can be done."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return set_page(request, get_object_or_404(JudgedSet.objects.with_counts(), pk=pk))


class AddQueriesView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        judged_set = get_object_or_404(JudgedSet.objects.with_counts(), pk=pk)
        form = MoreQueriesForm(request.POST, request.FILES)
        if not form.is_valid():
            return set_page(request, judged_set, more=form, status=400)
        return filled(request, self, judged_set, form)


class RenameSetView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        try:
            rename_set(judged_set, request.POST.get("name", ""))
        except SetRefused as error:
            messages.warning(request, str(error))
        else:
            record_action(self.staff, "query_set.rename", judged_set)
        return redirect("query-set", pk)


class DeleteSetView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        with transaction.atomic():
            record_action(self.staff, "query_set.delete", judged_set)
            delete_set(judged_set)
        messages.success(request, f"“{judged_set}” is deleted, with its judgements and measurements.")
        return redirect("relevance")


class ExportSetView(StaffOnly, View):
    """The set as a file that can be loaded again."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        judged_set = get_object_or_404(JudgedSet, pk=pk)
        headers = {"Content-Disposition": f'attachment; filename="query-set-{pk}.csv"'}
        return StreamingHttpResponse(csv_lines(judged_set), content_type="text/csv; charset=utf-8", headers=headers)


class DeleteQueryView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        query = get_object_or_404(JudgedQuery, pk=pk)
        delete_query(query)
        messages.success(request, f"“{query}” is removed from the set.")
        return redirect("query-set", query.judged_set_id)


class MeasureView(StaffOnly, View):
    """Starts measuring search on a set."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        judged_set = get_object_or_404(JudgedSet.objects.with_counts(), pk=pk)
        form = MeasureForm(request.POST)
        if form.is_valid():
            kind = Measurement.Kind(form.cleaned_data["kind"])
            try:
                tried = settings_of(kind, form.setting, other_version_id=form.other_version_id)
                measurement = start_measurement(judged_set, tried, kind=kind, started_by=self.staff)
            except (NothingToMeasure, AlreadyMeasuring) as error:
                form.add_error(None, str(error))
            else:
                record_action(self.staff, "query_set.measure", measurement)
                return redirect("measurement", measurement.pk)
        return set_page(request, judged_set, measure=form, status=400)


def set_page(
    request: HttpRequest,
    judged_set: JudgedSet,
    *,
    more: QueriesForm | None = None,
    measure: MeasureForm | None = None,
    loaded: Loaded | None = None,
    status: int = 200,
) -> HttpResponse:
    queries = JudgedQuery.objects.filter(judged_set=judged_set).with_counts()
    page = Paginator(queries, QUERIES_A_PAGE).get_page(request.GET.get("page"))
    past = history(judged_set)
    context: dict[str, Any] = {
        "judged_set": judged_set,
        "queries": page,
        "rows": with_ndcg(page.object_list, past),
        "first_unjudged": JudgedQuery.objects.filter(judged_set=judged_set).unjudged().first(),
        "history": past,
        "latest": latest(past),
        "sweep": sweep_of(list(past.sweep.settings.all())) if past.sweep else None,
        "more": more or MoreQueriesForm(),
        "measure": measure or MeasureForm(),
        "loaded": loaded,
    }
    return render(request, "dashboard/lab_set.html", context, status=status)


def filled(request: HttpRequest, view: StaffOnly, judged_set: JudgedSet, form: QueriesForm) -> HttpResponse:
    """Add the queries and judgements in a form, and show what became of them."""
    data = form.cleaned_data
    loaded = Loaded()
    try:
        added = add_queries(judged_set, form.lines)
        if data["source"]:
            asked = logged_queries(without_results=data["source"] == "nothing", most=data["most"])
            added += add_queries(judged_set, asked)
        if data["file"]:
            loaded = load_file(judged_set, data["file"].file, judged_by=view.staff)
    except (SetRefused, FileUnreadable) as error:
        form.add_error("file" if isinstance(error, FileUnreadable) else None, str(error))
        found = get_object_or_404(JudgedSet.objects.with_counts(), pk=judged_set.pk)
        return set_page(request, found, more=form, status=400)
    added += loaded.queries
    record_action(view.staff, "query_set.fill", judged_set, queries=added, judgements=loaded.judgements)
    said = f"{added:,} queries added to “{judged_set}”."
    if loaded.judgements:
        said += f" {loaded.judgements:,} judgements saved."
    if loaded.rejected:
        found = get_object_or_404(JudgedSet.objects.with_counts(), pk=judged_set.pk)
        messages.warning(request, f"{said} {loaded.rejected:,} rows were skipped.")
        return set_page(request, found, loaded=loaded)
    messages.success(request, said)
    return redirect("query-set", judged_set.pk)
