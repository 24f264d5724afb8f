"""The staff pages for comparing encoders, adapting them and putting them to use."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.embedding.base import EncoderSpec
from catalog.index.reindex import AlreadyReindexing
from catalog.models import EncoderAdaptation, EncoderComparison, EndpointUse
from dashboard.access import StaffOnly
from dashboard.encoders import adaptation_rows, comparison_rows, comparison_runtimes, comparison_verdict
from dashboard.forms import EncoderForm
from workers import tasks
from workers.encoder_jobs import NothingToCompare, start_adaptation, start_comparison, start_reindex_with
from workers.wakeups import wake

JOBS_SHOWN = 20
USE_SHOWN = 12


class EncodersView(StaffOnly, View):
    """Lists comparisons and adaptations beside a form that starts another comparison."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, EncoderForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = EncoderForm(request.POST)
        if form.is_valid():
            given = {name: value for name, value in form.cleaned_data.items() if value}
            try:
                comparison = start_comparison(EncoderSpec(**given), started_by=self.staff)
            except NothingToCompare as error:
                form.add_error(None, str(error))
            else:
                wake(tasks.work_on_encoders)
                record_action(self.staff, "encoder.compare", comparison)
                return redirect("encoder-comparison", comparison.pk)
        return self._page(request, form, status=400)

    def _page(self, request: HttpRequest, form: EncoderForm, *, status: int = 200) -> HttpResponse:
        adaptations = list(EncoderAdaptation.objects.all()[:JOBS_SHOWN])
        context = {
            "form": form,
            "comparisons": EncoderComparison.objects.select_related("started_by")[:JOBS_SHOWN],
            "adaptations": adaptation_rows(adaptations),
            "endpoint_use": EndpointUse.objects.by_month()[:USE_SHOWN],
            "adapting": any(not adaptation.is_finished for adaptation in adaptations),
        }
        return render(request, "dashboard/encoders.html", context, status=status)


class ComparisonView(StaffOnly, View):
    """One comparison. htmx polls its live part until it is finished."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        comparison = get_object_or_404(EncoderComparison.objects.select_related("started_by"), pk=pk)
        context: dict[str, Any] = {
            "comparison": comparison,
            "rows": comparison_rows(comparison),
            "runtimes": comparison_runtimes(comparison),
            "verdict": comparison_verdict(comparison),
        }
        if request.headers.get("HX-Request"):
            # 286 tells htmx to stop polling.
            status = 286 if comparison.is_finished else 200
            return render(request, "dashboard/_comparison.html", context, status=status)
        return render(request, "dashboard/encoder_comparison.html", context)


class AdaptView(StaffOnly, View):
    """Starts adapting the serving encoder to what visitors look for."""

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            adaptation = start_adaptation(started_by=self.staff)
        except NothingToCompare as error:
            messages.warning(request, str(error))
        else:
            wake(tasks.work_on_encoders)
            record_action(self.staff, "encoder.adapt", adaptation)
            messages.success(request, "The encoder is being adapted, which takes minutes. Search is not affected.")
        return redirect("encoders")


class ReindexWithView(StaffOnly, View):
    """Starts a reindex with the encoder of a comparison."""

    def find(self, pk: int) -> EncoderComparison | EncoderAdaptation:
        return get_object_or_404(EncoderComparison, pk=pk, state=EncoderComparison.State.DONE)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self.find(pk)
        try:
            run = start_reindex_with(job, started_by=self.staff)
        except AlreadyReindexing as error:
            messages.warning(request, str(error))
            return redirect("encoders")
        record_action(self.staff, "reindex.start", run.version)
        messages.success(request, f"Reindex to {run.version} has started. Search is not affected until it is ready.")
        return redirect("dashboard")


class ReindexWithAdaptedView(ReindexWithView):
    """Starts a reindex with an adapted encoder that is offered."""

    def find(self, pk: int) -> EncoderAdaptation:
        return get_object_or_404(EncoderAdaptation, pk=pk, offered=True)
