"""The staff page of a measurement: its progress, then its figures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views import View

from catalog.audit import record_action
from catalog.judged.measuring import cancel_measurement
from catalog.models import MeasuredSetting, Measurement
from dashboard.access import StaffOnly
from dashboard.lab.history import moved, setting_rows, sweep_of

# htmx stops polling when it gets this status.
STOP_POLLING = 286


class MeasurementView(StaffOnly, View):
    """One measurement. htmx polls its live part until it is finished."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        measurement = get_object_or_404(Measurement.objects.select_related("judged_set", "started_by"), pk=pk)
        context = {"measurement": measurement, **figures_context(measurement)}
        if request.headers.get("HX-Request"):
            status = STOP_POLLING if measurement.is_finished else 200
            return render(request, "dashboard/_lab_measurement.html", context, status=status)
        return render(request, "dashboard/lab_measurement.html", context)


class CancelMeasurementView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        measurement = get_object_or_404(Measurement.objects.select_related("judged_set"), pk=pk)
        if cancel_measurement(measurement):
            record_action(self.staff, "query_set.cancel", measurement)
        else:  # it was quicker
            measurement.refresh_from_db()
            messages.warning(request, f"The measurement is already {measurement.state}.")
        return redirect("measurement", pk)


def figures_context(measurement: Measurement) -> dict[str, Any]:
    """The template context for a finished measurement."""
    if measurement.state != Measurement.State.DONE:
        return {}
    settings = list(measurement.settings.select_related("version"))
    context: dict[str, Any] = {"rows": setting_rows(settings), "sweep": sweep_of(settings)}
    if len(settings) == 2:
        context["worse"], context["better"] = moved(*settings)
        context["second"] = "with reranking"
    if measurement.kind == Measurement.Kind.VERSIONS:
        one, other = settings
        context["second"] = f"by v{other.version_id}"
        context["side_by_side"] = _side_by_side(measurement, one, other)
    return context


def _side_by_side(measurement: Measurement, one: MeasuredSetting, other: MeasuredSetting) -> str:
    """The URL that compares both versions on the set; `&q=` may follow."""
    asked: dict[str, str | int] = {
        "one": one.version_id,
        "other": other.version_id,
        "judged_set": measurement.judged_set_id,
        "semantic_ratio": str(one.semantic_ratio),
    }
    return f"{reverse('version-comparison')}?{urlencode(asked)}"
