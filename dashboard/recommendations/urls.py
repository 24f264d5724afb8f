"""URLs of the staff pages for recommendations."""

from __future__ import annotations

from django.urls import path

from dashboard.recommendations.experiment_views import (
    DeleteExperimentView,
    ExperimentsView,
    ExperimentView,
    StartExperimentView,
    StopExperimentView,
)
from dashboard.recommendations.model_views import GoBackView, ModelsView, ServeModelView, TrainView
from dashboard.recommendations.person_views import PersonView, WeightsView
from dashboard.recommendations.views import RecommendationsView, ScenarioView

urlpatterns = [
    path("", RecommendationsView.as_view(), name="rec-scenarios"),
    path("scenarios/<slug:name>/", ScenarioView.as_view(), name="rec-scenario"),
    path("people/", PersonView.as_view(), name="rec-person"),
    path("weights/", WeightsView.as_view(), name="rec-weights"),
    path("experiments/", ExperimentsView.as_view(), name="rec-experiments"),
    path("experiments/new/", ExperimentView.as_view(), name="rec-experiment-new"),
    path("experiments/<int:pk>/", ExperimentView.as_view(), name="rec-experiment"),
    path("experiments/<int:pk>/start", StartExperimentView.as_view(), name="rec-experiment-start"),
    path("experiments/<int:pk>/stop", StopExperimentView.as_view(), name="rec-experiment-stop"),
    path("experiments/<int:pk>/delete", DeleteExperimentView.as_view(), name="rec-experiment-delete"),
    path("models/", ModelsView.as_view(), name="rec-models"),
    path("models/train", TrainView.as_view(), name="rec-train"),
    path("models/back", GoBackView.as_view(), name="rec-back"),
    path("models/<int:pk>/serve", ServeModelView.as_view(), name="rec-serve"),
]
