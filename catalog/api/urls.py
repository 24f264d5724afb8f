"""Addresses of the catalogue's API, below /api/v1/."""

from django.urls import path

from catalog.api.search import SearchView, SimilarView, SuggestView

urlpatterns = [
    path("search", SearchView.as_view(), name="api-search"),
    path("suggest", SuggestView.as_view(), name="api-suggest"),
    path("items/<int:pk>/similar", SimilarView.as_view(), name="api-similar"),
]
