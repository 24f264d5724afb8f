"""The staff pages for a person's view: their list and why, why not an item, and what other weights would do."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.models import Item
from dashboard.access import StaffOnly
from dashboard.recommendations.forms import PersonForm, WeightsForm
from dashboard.recommendations.lists import Person, compared, person_named, rows_of, somebody
from dashboard.recommendations.looks import note_preview
from recommender.models import EventKind
from recommender.past import past_of
from recommender.preferences import is_opted_out
from recommender.recommend import recommend
from recommender.serving.assignment import assignment_for
from recommender.serving.scenarios import DEFAULT_SCENARIO
from recommender.weights import list_with, save_weights
from recommender.whynot import fate_of

#: Display names of what a list of a past moment takes as it is now.
NOT_KEPT = {
    "items": "items",
    "settings": "settings",
    "model": "the taste model",
    "index": "the index",
    "preferences": "the person's preferences",
}


class PersonView(StaffOnly, View):
    """What somebody would be shown and why, and why not an item. Uses POST, so that names appear in no URL."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "dashboard/rec_person.html", {"form": PersonForm(initial={"scenario": "for-you"})})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PersonForm(request.POST)
        context: dict[str, Any] = {"form": form}
        if not form.is_valid():
            return render(request, "dashboard/rec_person.html", context, status=400)
        person = person_named(form.cleaned_data["person"])
        if person is None:
            form.add_error("person", "Nobody has this name or id.")
            return render(request, "dashboard/rec_person.html", context, status=400)
        as_of = form.cleaned_data["as_of"]
        past = past_of(as_of, person.subject) if as_of else None
        assigned = assignment_for(form.cleaned_data["scenario"], person.subject, past=past)
        record_action(
            self.staff, "person.look", person.name, scenario=assigned.scenario, item=form.cleaned_data["item"]
        )
        context |= {
            "person": person,
            "assigned": assigned,
            "past": past,
            "not_kept": [NOT_KEPT[name] for name in past.not_kept_for(model_is_gone=assigned.model_is_gone)]
            if past
            else (),
            "opted_out": is_opted_out(person.subject),
            "rows": rows_of(recommend(person.subject, settings=assigned.settings, past=past)),
        }
        if text := form.cleaned_data["item"]:
            item = _item(text)
            if item is None:
                form.add_error("item", "No item has this external id or title.")
            else:
                context["fate"] = fate_of(item, person.subject, assigned.settings, past=past)
        return render(request, "dashboard/rec_person.html", context)


class WeightsView(StaffOnly, View):
    """The weights and half-lives of events, with a person's list under the old and the new ones."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, WeightsForm(kinds=_kinds()), somebody())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = WeightsForm(request.POST, kinds=_kinds())
        if "save" in request.POST and form.is_valid():
            changes = form.changed_kinds()
            profiles = save_weights(changes)
            if changes:
                record_action(self.staff, "weights.change", "event weights", **changes)
            messages.success(
                request, f"Saved. {profiles:,} profiles are being recomputed; lists follow within minutes."
            )
            return redirect("rec-weights")
        person = person_named(request.POST.get("person", ""))
        return self._page(request, form, person, status=400 if "save" in request.POST else 200)

    def _page(
        self, request: HttpRequest, form: WeightsForm, person: Person | None, *, status: int = 200
    ) -> HttpResponse:
        context: dict[str, Any] = {
            "form": form,
            "person": person,
            "name": request.POST.get("person", person.name if person else ""),
        }
        if form.is_bound and not form.is_valid():
            context["faults"] = ["Weights and half-lives must be numbers within their limits."]
        elif person is not None:
            note_preview(request, self.staff, person)
            before = list_with(person.subject, {}, scenario=DEFAULT_SCENARIO)
            changes = form.changed_kinds() if form.is_bound else {}
            after = list_with(person.subject, changes, scenario=DEFAULT_SCENARIO) if changes else before
            context["comparison"] = compared(before, after)
        return render(request, "dashboard/rec_weights.html", context, status=status)


def _kinds() -> dict[str, EventKind]:
    return {kind.name: kind for kind in EventKind.objects.order_by("-weight", "name")}


def _item(text: str) -> Item | None:
    text = text.strip().replace("\0", "")
    by_id = Item.objects.filter(external_id=text).first()
    return by_id or Item.objects.filter(title__iexact=text).order_by("-published", "pk").first()
