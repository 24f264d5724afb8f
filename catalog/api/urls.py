"""Addresses of the catalogue's API, below /api/v1/."""

from django.urls import path

from catalog.api import answers, export, imports, index, items, reindex, rules, search, synonyms

urlpatterns = [
    path("search", search.SearchView.as_view(), name="api-search"),
    path("answers", answers.AnswersView.as_view(), name="api-answers"),
    path("suggest", search.SuggestView.as_view(), name="api-suggest"),
    path("items", items.ItemsView.as_view(), name="api-items"),
    path("items/bulk", items.BulkItemsView.as_view(), name="api-items-bulk"),
    path("items/delete", items.DeleteItemsView.as_view(), name="api-items-delete"),
    path("items/export", export.ExportItemsView.as_view(), name="api-items-export"),
    path("items/<int:pk>", items.ItemView.as_view(), name="api-item"),
    path("items/<int:pk>/similar", search.SimilarView.as_view(), name="api-similar"),
    path("imports", imports.ImportsView.as_view(), name="api-imports"),
    path("imports/<int:pk>", imports.ImportView.as_view(), name="api-import"),
    path("index-versions", index.VersionsView.as_view(), name="api-index-versions"),
    path("index-versions/<int:pk>", index.VersionView.as_view(), name="api-index-version"),
    path("index-versions/<int:pk>/activate", index.ActivateView.as_view(), name="api-index-version-activate"),
    path("index-versions/<int:pk>/retire", index.RetireView.as_view(), name="api-index-version-retire"),
    path("index-versions/<int:pk>/failures", index.FailuresView.as_view(), name="api-index-version-failures"),
    path("index-versions/<int:pk>/retry", index.RetryView.as_view(), name="api-index-version-retry"),
    path("reindex-runs", reindex.RunsView.as_view(), name="api-reindex-runs"),
    path("reindex-runs/<int:pk>", reindex.RunView.as_view(), name="api-reindex-run"),
    path("reindex-runs/<int:pk>/pause", reindex.RunActionView.as_view(action="pause"), name="api-reindex-pause"),
    path("reindex-runs/<int:pk>/resume", reindex.RunActionView.as_view(action="resume"), name="api-reindex-resume"),
    path("reindex-runs/<int:pk>/cancel", reindex.RunActionView.as_view(action="cancel"), name="api-reindex-cancel"),
    path("rules", rules.RulesView.as_view(), name="api-rules"),
    path("rules/<int:pk>", rules.RuleView.as_view(), name="api-rule"),
    path("synonyms", synonyms.SynonymsView.as_view(), name="api-synonyms"),
    path("synonyms/<int:pk>", synonyms.SynonymView.as_view(), name="api-synonym"),
]
