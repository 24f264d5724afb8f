"""The staff pages for recommendations: the scenarios, and editing one with a preview."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from catalog.audit import record_action
from dashboard.access import StaffOnly
from dashboard.recommendations.forms import ScenarioForm, without_boost
from dashboard.recommendations.lists import Person, compared, list_for, person_named, somebody
from dashboard.recommendations.looks import note_preview
from recommender.models import Experiment
from recommender.serving.configuration import configuration
from recommender.serving.saving import save_scenario
from recommender.serving.scenarios import SCENARIOS, Scenario, SettingsRefused
from recommender.subjects import Subject


class RecommendationsView(StaffOnly, View):
    """The scenarios, with their changed settings and running experiments."""

    def get(self, request: HttpRequest) -> HttpResponse:
        known = configuration()
        running = {experiment.scenario: experiment for experiment in Experiment.objects.running()}
        rows = [
            {
                "scenario": scenario,
                "settings": known.settings[name],
                "changes": sorted(known.settings[name].changes_from(scenario.defaults)),
                "experiment": running.get(name),
            }
            for name, scenario in SCENARIOS.items()
        ]
        return render(request, "dashboard/rec_scenarios.html", {"rows": rows})


class ScenarioView(StaffOnly, View):
    """Edits a scenario. Every button except save shows a person's list as it is and as it would be."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        scenario = self._scenario(name)
        form = ScenarioForm(settings=configuration().settings[name])
        return self._page(request, scenario, form, person=somebody())

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        scenario, person = self._scenario(name), person_named(request.POST.get("person", ""))
        form = ScenarioForm(without_boost(request.POST), settings=configuration().settings[name])
        if "defaults" in request.POST:
            save_scenario(name, scenario.defaults)
            record_action(self.staff, "scenario.reset", scenario.title)
            messages.success(request, f"{scenario.title} uses the defaults again.")
            return redirect("rec-scenarios")
        if "save" in request.POST and form.is_valid():
            try:
                changes = save_scenario(name, form.settings)
            except SettingsRefused as error:
                form.take(error.faults)
            else:
                record_action(self.staff, "scenario.change", scenario.title, changes=changes)
                messages.success(request, f"{scenario.title} is saved. Lists use it from now on.")
                return redirect("rec-scenarios")
        return self._page(request, scenario, form, person=person, status=400 if "save" in request.POST else 200)

    @staticmethod
    def _scenario(name: str) -> Scenario:
        if name not in SCENARIOS:
            raise Http404
        return SCENARIOS[name]

    def _page(
        self, request: HttpRequest, scenario: Scenario, form: ScenarioForm, *, person: Person | None, status: int = 200
    ) -> HttpResponse:
        context: dict[str, Any] = {
            "scenario": scenario,
            "form": form,
            "boosts": form["boosts"].value() or (),
            "person": person,
            "name": request.POST.get("person", person.name if person else ""),
            "running": Experiment.objects.running().of_scenario(scenario.name).first(),
        }
        if form.is_bound and not form.is_valid():
            context["faults"] = [str(reason) for reasons in form.errors.values() for reason in reasons]
        else:
            note_preview(request, self.staff, person)
            subject = person.subject if person else Subject()
            before = list_for(subject, form.base)
            after = list_for(subject, form.settings) if form.is_bound else before
            context["comparison"] = compared(before, after)
        return render(request, "dashboard/rec_scenario.html", context, status=status)
