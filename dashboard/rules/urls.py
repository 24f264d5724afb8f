"""URLs of the staff pages for rules and synonyms."""

from __future__ import annotations

from django.urls import path

from dashboard.rules.switches import DeleteRuleView, DeleteSynonymView, SwitchRuleView, SwitchSynonymView
from dashboard.rules.synonym_views import SynonymsView
from dashboard.rules.views import RuleEditor, RulesView

urlpatterns = [
    path("rules/", RulesView.as_view(), name="rules"),
    path("rules/new/", RuleEditor.as_view(), name="rule-new"),
    path("rules/<int:pk>/", RuleEditor.as_view(), name="rule"),
    path("rules/<int:pk>/switch", SwitchRuleView.as_view(), name="rule-switch"),
    path("rules/<int:pk>/delete", DeleteRuleView.as_view(), name="rule-delete"),
    path("synonyms/", SynonymsView.as_view(), name="synonyms"),
    path("synonyms/<int:pk>/", SynonymsView.as_view(), name="synonym"),
    path("synonyms/<int:pk>/switch", SwitchSynonymView.as_view(), name="synonym-switch"),
    path("synonyms/<int:pk>/delete", DeleteSynonymView.as_view(), name="synonym-delete"),
]
