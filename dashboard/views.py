"""The staff pages of the index: what it holds, what is being rebuilt, what failed."""

from __future__ import annotations

from collections.abc import Callable

from catalog.indexing import activate, retire
from catalog.reindexing import (
    AlreadyReindexing,
    cancel_reindex,
    pause_reindex,
    resume_reindex,
    retry_failed,
    start_reindex,
)
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.embedding.base import EncoderError
from catalog.models import IndexVersion, ReindexRun
from dashboard.access import StaffOnly
from dashboard.forms import ReindexForm
from dashboard.overview import overview

RUN_ACTIONS: dict[str, Callable[[ReindexRun], object]] = {
    "pause": pause_reindex,
    "resume": resume_reindex,
    "cancel": cancel_reindex,
}


class DashboardView(StaffOnly, View):
    """The first staff page. htmx asks again for its live part while the page is open."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"overview": overview()}
        if request.headers.get("HX-Request"):
            return render(request, "dashboard/_live.html", context)
        context["form"] = ReindexForm(initial=ReindexForm.initial_from(IndexVersion.objects.active()))
        return render(request, "dashboard/index.html", context)


class StartReindexView(StaffOnly, View):
    def post(self, request: HttpRequest) -> HttpResponse:
        form = ReindexForm(request.POST)
        status = 400
        if form.is_valid():
            try:
                run = start_reindex(started_by=request.user, **form.cleaned_data)
            except AlreadyReindexing as error:
                form.add_error(None, str(error))
                status = 409
            except EncoderError as error:
                form.add_error("model", str(error))
            else:
                record_action(request.user, "reindex.start", run.version)
                messages.success(
                    request, f"Reindex to {run.version} has begun. Search goes on as before until it is ready."
                )
                return redirect("dashboard")
        return render(request, "dashboard/index.html", {"overview": overview(), "form": form}, status=status)


class RunActionView(StaffOnly, View):
    """Pause, resume or cancel a reindex run."""

    def post(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        run = get_object_or_404(ReindexRun.objects.unfinished().select_related("version"), pk=pk)
        RUN_ACTIONS[action](run)
        record_action(request.user, f"reindex.{action}", run.version)
        return redirect("dashboard")


class ActivateView(StaffOnly, View):
    """Switch searches to another version that is ready: forward, or back again."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = get_object_or_404(IndexVersion.objects.ready(), pk=pk)
        activate(version)
        record_action(request.user, "version.activate", version)
        messages.success(request, f"Searches now use {version}.")
        return redirect("dashboard")


class RetireView(StaffOnly, View):
    """Drop the vectors of a version that no longer serves."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = get_object_or_404(IndexVersion.objects.ready(), pk=pk)
        retire(version)
        record_action(request.user, "version.retire", version)
        messages.success(request, f"{version} is retired and its vectors are gone.")
        return redirect("dashboard")


class RetryFailedView(StaffOnly, View):
    def post(self, request: HttpRequest) -> HttpResponse:
        count = sum(retry_failed(version) for version in IndexVersion.objects.live())
        record_action(request.user, "embedding.retry", f"{count} items")
        messages.success(request, f"{count} items will be tried again.")
        return redirect("dashboard")
