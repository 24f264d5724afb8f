"""The staff pages for taste models: figures, which one serves, going back, and training now."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from catalog.audit import record_action
from dashboard.access import StaffOnly
from dashboard.recommendations.taste_models import models, pairs, too_few_people
from recommender.space.choosing import is_training, put_to_use
from recommender.space.training import go_back
from workers import tasks
from workers.wakeups import wake


class ModelsView(StaffOnly, View):
    """All models, or two of them side by side."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = models()
        by_id = {str(row.model.pk): row for row in found.rows}
        one, other = (by_id.get(request.GET.get(name, "")) for name in ("one", "other"))
        by_place = {place: row.model.pk for place, row in enumerate(found.rows)}
        context = {
            "models": found,
            "one": one,
            "other": other,
            "pairs": pairs(one, other) if one and other else (),
            "choices": [
                ("one", "Compare", one.model.pk if one else None),
                ("other", "with", other.model.pk if other else by_place.get(1)),
            ],
        }
        partial = "HX-Request" in request.headers
        return render(request, "dashboard/_rec_models.html" if partial else "dashboard/rec_models.html", context)


class TrainView(StaffOnly, View):
    def post(self, request: HttpRequest) -> HttpResponse:
        if is_training():
            messages.warning(request, "Training is already in progress.")
        elif reason := too_few_people():
            messages.warning(request, reason)
        elif wake(tasks.train_recommender):
            record_action(self.staff, "model.train", "taste model")
            messages.success(
                request, "A worker is training a model. The current one keeps serving until a better one is found."
            )
        else:
            messages.error(request, "No worker could be reached. Try again in a moment.")
        return redirect("rec-models")


class ServeModelView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        model = put_to_use(pk)
        if model is None:
            raise Http404
        record_action(self.staff, "model.serve", model)
        messages.success(request, f"Taste model {model.pk} is serving.")
        return redirect("rec-models")


class GoBackView(StaffOnly, View):
    def post(self, request: HttpRequest) -> HttpResponse:
        model = go_back()
        serving = f"Taste model {model.pk}" if model else "The untrained score"
        record_action(self.staff, "model.back", serving)
        messages.success(request, f"{serving} is serving.")
        return redirect("rec-models")
