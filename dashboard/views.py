"""The staff pages for the index: what it contains, what is being rebuilt, what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.index.reindex import (
    AlreadyReindexing,
    cancel_reindex,
    pause_reindex,
    resume_reindex,
    retry_failed,
    start_reindex,
)
from catalog.index.versions import activate, retire
from catalog.models import IndexVersion, ReindexRun
from catalog.models.index import IndexVersionQuerySet
from dashboard.access import StaffOnly
from dashboard.forms import ReindexForm
from dashboard.overview import overview

RUN_ACTIONS: dict[str, Callable[[ReindexRun], bool]] = {
    "pause": pause_reindex,
    "resume": resume_reindex,
    "cancel": cancel_reindex,
}


class DashboardView(StaffOnly, View):
    """The first staff page. htmx polls its live part while the page is open."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context: dict[str, Any] = {"overview": overview()}
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
                run = start_reindex(started_by=self.staff, **form.cleaned_data)
            except AlreadyReindexing as error:
                form.add_error(None, str(error))
                status = 409
            else:
                record_action(self.staff, "reindex.start", run.version)
                messages.success(
                    request, f"Reindex to {run.version} has started. Search is not affected until it is ready."
                )
                return redirect("dashboard")
        return render(request, "dashboard/index.html", {"overview": overview(), "form": form}, status=status)


class RunActionView(StaffOnly, View):
    """Pauses, resumes or cancels a reindex run."""

    def post(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        run = get_object_or_404(ReindexRun.objects.select_related("version"), pk=pk)
        if RUN_ACTIONS[action](run):
            record_action(self.staff, f"reindex.{action}", run.version)
        else:  # somebody else, or the run itself, was quicker
            run.refresh_from_db()
            messages.warning(request, f"The reindex is already {run.state}.")
        return redirect("dashboard")


class SwitchView(StaffOnly, View):
    """Acts on a version and reports it; a version that has changed state meanwhile is left alone."""

    action = ""
    done = ""

    def allowed(self) -> IndexVersionQuerySet:
        raise NotImplementedError

    def change(self, version: IndexVersion) -> None:
        raise NotImplementedError

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = get_object_or_404(IndexVersion, pk=pk)
        try:
            if not self.allowed().contains(version):
                raise ValueError(f"{version} is already {version.state}.")
            self.change(version)
        except ValueError as error:
            messages.warning(request, str(error))
        else:
            record_action(self.staff, self.action, version)
            messages.success(request, self.done.format(version=version))
        return redirect("dashboard")


class ActivateView(SwitchView):
    """Switches searches to another version that is ready: forward, or back again."""

    action = "version.activate"
    done = "Searches now use {version}."

    def allowed(self) -> IndexVersionQuerySet:
        return IndexVersion.objects.ready()

    def change(self, version: IndexVersion) -> None:
        activate(version)


class RetireView(SwitchView):
    """Retires a version that no longer serves, or that a failed run left behind; workers drop its vectors."""

    action = "version.retire"
    done = "{version} is retired. Its vectors are dropped within a minute or two."

    def allowed(self) -> IndexVersionQuerySet:
        return IndexVersion.objects.retirable()

    def change(self, version: IndexVersion) -> None:
        retire(version)


class RetryFailedView(StaffOnly, View):
    def post(self, request: HttpRequest) -> HttpResponse:
        count = sum(retry_failed(version) for version in IndexVersion.objects.kept_up())
        record_action(self.staff, "embedding.retry", f"{count} items")
        messages.success(request, f"{count} items will be tried again.")
        return redirect("dashboard")
