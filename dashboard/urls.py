from django.urls import include, path

from dashboard import access_views, analytics_views, encoder_views, import_views, views
from dashboard.lab.version_views import CompareVersionsView

urlpatterns = [
    path("", views.DashboardView.as_view(), name="dashboard"),
    path("reindex/", views.StartReindexView.as_view(), name="reindex-start"),
    path("reindex/<int:pk>/pause", views.RunActionView.as_view(), {"action": "pause"}, name="reindex-pause"),
    path("reindex/<int:pk>/resume", views.RunActionView.as_view(), {"action": "resume"}, name="reindex-resume"),
    path("reindex/<int:pk>/cancel", views.RunActionView.as_view(), {"action": "cancel"}, name="reindex-cancel"),
    path("versions/<int:pk>/activate", views.ActivateView.as_view(), name="version-activate"),
    path("versions/<int:pk>/retire", views.RetireView.as_view(), name="version-retire"),
    path("versions/compare/", CompareVersionsView.as_view(), name="version-comparison"),
    path("failures/retry", views.RetryFailedView.as_view(), name="retry-failed"),
    path("encoders/", encoder_views.EncodersView.as_view(), name="encoders"),
    path("encoders/adapt", encoder_views.AdaptView.as_view(), name="encoder-adapt"),
    path("encoders/<int:pk>/", encoder_views.ComparisonView.as_view(), name="encoder-comparison"),
    path("encoders/<int:pk>/reindex", encoder_views.ReindexWithView.as_view(), name="encoder-comparison-reindex"),
    path(
        "encoders/adapted/<int:pk>/reindex",
        encoder_views.ReindexWithAdaptedView.as_view(),
        name="encoder-adaptation-reindex",
    ),
    path("imports/", import_views.ImportsView.as_view(), name="imports"),
    path("imports/<int:pk>/", import_views.ImportView.as_view(), name="import"),
    path("analytics/", analytics_views.AnalyticsView.as_view(), name="analytics"),
    path("", include("dashboard.rules.urls")),
    path("relevance/", include("dashboard.lab.urls")),
    path("recommendations/", include("dashboard.recommendations.urls")),
    path("api-keys/", access_views.ApiKeysView.as_view(), name="api-keys"),
    path("api-keys/<int:pk>/revoke", access_views.RevokeKeyView.as_view(), name="api-key-revoke"),
    path("admin/login/", access_views.AdminSignInView.as_view()),
    path("audit/", access_views.AuditView.as_view(), name="audit"),
]
