from django.urls import path

from dashboard.lab import judging_views, measurement_views, set_views

urlpatterns = [
    path("", set_views.SetsView.as_view(), name="relevance"),
    path("<int:pk>/", set_views.SetView.as_view(), name="query-set"),
    path("<int:pk>/queries", set_views.AddQueriesView.as_view(), name="query-set-add"),
    path("<int:pk>/rename", set_views.RenameSetView.as_view(), name="query-set-rename"),
    path("<int:pk>/delete", set_views.DeleteSetView.as_view(), name="query-set-delete"),
    path("<int:pk>/export", set_views.ExportSetView.as_view(), name="query-set-export"),
    path("<int:pk>/measure", set_views.MeasureView.as_view(), name="query-set-measure"),
    path("queries/<int:pk>/", judging_views.JudgeView.as_view(), name="judge"),
    path("queries/<int:pk>/delete", set_views.DeleteQueryView.as_view(), name="judged-query-delete"),
    path("measurements/<int:pk>/", measurement_views.MeasurementView.as_view(), name="measurement"),
    path("measurements/<int:pk>/cancel", measurement_views.CancelMeasurementView.as_view(), name="measurement-cancel"),
]
