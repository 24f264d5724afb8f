from django.urls import include, path

from catalog.models import EncoderAdaptation
from dashboard import access_views, analytics_views, encoder_views, import_views, rule_views, synonym_views, views

urlpatterns = [
    path("", views.DashboardView.as_view(), name="dashboard"),
    path("reindex/", views.StartReindexView.as_view(), name="reindex-start"),
    path("reindex/<int:pk>/pause", views.RunActionView.as_view(), {"action": "pause"}, name="reindex-pause"),
    path("reindex/<int:pk>/resume", views.RunActionView.as_view(), {"action": "resume"}, name="reindex-resume"),
    path("reindex/<int:pk>/cancel", views.RunActionView.as_view(), {"action": "cancel"}, name="reindex-cancel"),
    path("versions/<int:pk>/activate", views.ActivateView.as_view(), name="version-activate"),
    path("versions/<int:pk>/retire", views.RetireView.as_view(), name="version-retire"),
    path("failures/retry", views.RetryFailedView.as_view(), name="retry-failed"),
    path("encoders/", encoder_views.EncodersView.as_view(), name="encoders"),
    path("encoders/adapt", encoder_views.AdaptView.as_view(), name="encoder-adapt"),
    path("encoders/<int:pk>/", encoder_views.ComparisonView.as_view(), name="encoder-comparison"),
    path("encoders/<int:pk>/reindex", encoder_views.ReindexWithView.as_view(), name="encoder-comparison-reindex"),
    path(
        "encoders/adapted/<int:pk>/reindex",
        encoder_views.ReindexWithView.as_view(kind=EncoderAdaptation),
        name="encoder-adaptation-reindex",
    ),
    path("imports/", import_views.ImportsView.as_view(), name="imports"),
    path("imports/<int:pk>/", import_views.ImportView.as_view(), name="import"),
    path("analytics/", analytics_views.AnalyticsView.as_view(), name="analytics"),
    path("rules/", rule_views.RulesView.as_view(), name="rules"),
    path("rules/new/", rule_views.RuleEditor.as_view(), name="rule-new"),
    path("rules/<int:pk>/", rule_views.RuleEditor.as_view(), name="rule"),
    path("rules/<int:pk>/switch", rule_views.SwitchRuleView.as_view(), name="rule-switch"),
    path("rules/<int:pk>/delete", rule_views.DeleteRuleView.as_view(), name="rule-delete"),
    path("synonyms/", synonym_views.SynonymsView.as_view(), name="synonyms"),
    path("synonyms/<int:pk>/", synonym_views.SynonymsView.as_view(), name="synonym"),
    path("synonyms/<int:pk>/switch", synonym_views.SwitchSynonymView.as_view(), name="synonym-switch"),
    path("synonyms/<int:pk>/delete", synonym_views.DeleteSynonymView.as_view(), name="synonym-delete"),
    path("recommendations/", include("dashboard.rec_urls")),
    path("api-keys/", access_views.ApiKeysView.as_view(), name="api-keys"),
    path("api-keys/<int:pk>/revoke", access_views.RevokeKeyView.as_view(), name="api-key-revoke"),
    path("admin/login/", access_views.AdminSignInView.as_view()),
    path("audit/", access_views.AuditView.as_view(), name="audit"),
]
