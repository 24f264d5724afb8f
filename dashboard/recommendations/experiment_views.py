"""The staff pages for experiments: drafts are edited, running ones watched, and stopped ones kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from dashboard.access import StaffOnly
from dashboard.charts import forest_row
from dashboard.recommendations.forms import ExperimentForm, VariantForm, without_boost
from recommender.models import Experiment
from recommender.serving.configuration import settings_of
from recommender.serving.experiments import (
    MAX_VARIANTS,
    Results,
    equal_variants,
    kept_models,
    results_of,
    save_experiment,
    start,
    stop,
)
from recommender.serving.scenarios import DEFAULT_SCENARIO, SCENARIOS, SettingsRefused

#: The variants of a new experiment.
FIRST_VARIANTS: list[dict[str, Any]] = [
    {"name": "As it is", "share": 0.5, "changes": {}},
    {"name": "Other", "share": 0.5, "changes": {}},
]


class ExperimentsView(StaffOnly, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(
            request, "dashboard/rec_experiments.html", {"experiments": Experiment.objects.all(), "titles": SCENARIOS}
        )


class ExperimentView(StaffOnly, View):
    """A draft with its form, or the results of an experiment that was started."""

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        if pk is None:
            experiment = Experiment(scenario=DEFAULT_SCENARIO, variants=FIRST_VARIANTS)
        else:
            experiment = get_object_or_404(Experiment, pk=pk)
        if experiment.state != Experiment.State.DRAFT:
            return self._figures(request, experiment)
        form = ExperimentForm(initial={"name": experiment.name, "scenario": experiment.scenario})
        return self._form(request, experiment, form, _variant_forms(experiment))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        experiment = Experiment() if pk is None else get_object_or_404(Experiment, pk=pk)
        if experiment.state != Experiment.State.DRAFT:
            messages.error(request, "An experiment that has started can no longer be changed.")
            return redirect("rec-experiment", pk=experiment.pk)
        form = ExperimentForm(request.POST)
        scenario = request.POST.get("scenario", "")
        experiment.scenario = scenario if scenario in SCENARIOS else DEFAULT_SCENARIO
        variants = _variant_forms(experiment, request)
        given = [variant for variant in variants if not variant.is_empty]
        if form.is_valid() and not any(variant.errors for variant in given):
            experiment.name = form.cleaned_data["name"]
            experiment.variants = [variant.row() for variant in given]
            try:
                save_experiment(experiment)
            except SettingsRefused as error:
                _show(error, form, given)
            else:
                record_action(self.staff, "experiment.change" if pk else "experiment.create", experiment)
                messages.success(request, f"“{experiment}” is saved. Start it when you are ready.")
                return redirect("rec-experiment", pk=experiment.pk)
        return self._form(request, experiment, form, variants, status=400)

    def _form(
        self,
        request: HttpRequest,
        experiment: Experiment,
        form: ExperimentForm,
        variants: Sequence[VariantForm],
        *,
        status: int = 200,
    ) -> HttpResponse:
        equal = equal_variants(experiment) if experiment.pk else []
        context = {"experiment": experiment, "form": form, "variants": variants, "equal": equal}
        return render(request, "dashboard/rec_experiment_form.html", context, status=status)

    def _figures(self, request: HttpRequest, experiment: Experiment) -> HttpResponse:
        results = results_of(experiment)
        context = {
            "experiment": experiment,
            "title": SCENARIOS[experiment.scenario].title if experiment.scenario in SCENARIOS else experiment.scenario,
            "results": results,
            "rows": _rows(experiment, results),
            "equal": equal_variants(experiment),
        }
        return render(request, "dashboard/rec_experiment.html", context)


class StartExperimentView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        experiment = get_object_or_404(Experiment, pk=pk)
        try:
            start(experiment)
        except SettingsRefused as error:
            messages.error(request, str(error))
        else:
            record_action(self.staff, "experiment.start", experiment)
            messages.success(request, f"“{experiment}” is running. People are split from the next list on.")
        return redirect("rec-experiment", pk=pk)


class StopExperimentView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        experiment = get_object_or_404(Experiment, pk=pk)
        if stop(experiment):
            record_action(self.staff, "experiment.stop", experiment)
            messages.success(request, f"“{experiment}” is stopped. Everyone gets the scenario's own settings again.")
        return redirect("rec-experiment", pk=pk)


class DeleteExperimentView(StaffOnly, View):
    """Deletes a draft or a stopped experiment; its lists stay in the log."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        experiment = get_object_or_404(Experiment.objects.exclude(state=Experiment.State.RUNNING), pk=pk)
        record_action(self.staff, "experiment.delete", experiment)
        experiment.delete()
        messages.success(request, f"“{experiment}” is deleted.")
        return redirect("rec-experiments")


def _variant_forms(experiment: Experiment, request: HttpRequest | None = None) -> list[VariantForm]:
    """A form for each possible variant; empty forms are ignored."""
    base = settings_of(experiment.scenario)
    forms = []
    for place in range(MAX_VARIANTS):
        prefix = f"v{place}"
        if request is not None:
            forms.append(VariantForm(without_boost(request.POST, prefix), prefix=prefix, base=base))
        else:
            rows = experiment.variants[place : place + 1]
            initial = VariantForm.initial_of(rows[0]) if rows else {}
            forms.append(VariantForm(prefix=prefix, base=base, initial=initial))
    return forms


def _show(error: SettingsRefused, form: ExperimentForm, given: Sequence[VariantForm]) -> None:
    """Show each fault where it belongs: `variants.1.length` beside the second variant's length."""
    for path, reason in error.faults.items():
        name, _, rest = path.partition(".")
        place, _, field = rest.partition(".")
        if name == "variants" and place.isdecimal():
            given[int(place)].take({field: reason})
        else:
            form.add_error(name if name in form.fields else None, reason)


def _rows(experiment: Experiment, results: Results) -> list[dict[str, Any]]:
    """Each variant with its changes, and its difference drawn on a common scale."""
    kept = {str(pk) for pk in kept_models()}
    reach = max(
        [abs(end) for row in results.variants if row.gain for end in (row.gain.low, row.gain.high)], default=0.0
    )
    return [
        {
            "result": row,
            "changes": stored["changes"],
            "model_gone": (name := stored["changes"].get("model", "")).isdecimal() and name not in kept,
            "forest": forest_row(row.gain.estimate, row.gain.low, row.gain.high, reach=reach) if row.gain else None,
        }
        for row, stored in zip(results.variants, experiment.variants, strict=True)
    ]
