"""The staff pages for imports: upload a file, watch it being loaded, see which rows were rejected."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.exporting.files import CONTENT_TYPES
from catalog.importing import FileUnreadable, accept_upload
from catalog.models import ImportRun
from dashboard.access import StaffOnly
from dashboard.forms import ImportForm

RUNS_A_PAGE = 20
# htmx stops polling when it gets this status.
STOP_POLLING = 286


class ImportsView(StaffOnly, View):
    """Lists the imports and accepts new files."""

    accepts_uploads = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ImportForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            run = accept_upload(**form.cleaned_data, started_by=self.staff)
        except FileUnreadable as error:
            form.add_error("file", str(error))
            return self._page(request, form, status=400)
        record_action(self.staff, "import.start", run.filename, kind=run.kind)
        return redirect("import", run.pk)

    def _page(self, request: HttpRequest, form: ImportForm, *, status: int = 200) -> HttpResponse:
        runs = ImportRun.objects.select_related("started_by").defer("problems")
        page = Paginator(runs, RUNS_A_PAGE).get_page(request.GET.get("page"))
        context = {"form": form, "runs": page, "formats": list(CONTENT_TYPES)}
        return render(request, "dashboard/imports.html", context, status=status)


class ImportView(StaffOnly, View):
    """One import. htmx polls its live part until it is finished."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(ImportRun.objects.select_related("started_by"), pk=pk)
        context = {"run": run, "finished": run.finished_at is not None}
        if not request.headers.get("HX-Request"):
            return render(request, "dashboard/import.html", context)
        status = STOP_POLLING if run.finished_at else 200
        return render(request, "dashboard/_import.html", context, status=status)
