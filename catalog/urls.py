"""URLs of the catalogue's pages; an item's URL is among the recommender's, which adds a list to it."""

from __future__ import annotations

from django.urls import path

from catalog.views.answers import AnswerView
from catalog.views.api_reference import ApiReferenceView
from catalog.views.covers import CoverView
from catalog.views.pictures import ItemPictureView, KeptPictureView, SearchByPictureView
from catalog.views.search import SearchView, SuggestView

urlpatterns = [
    path("search", SearchView.as_view(), name="search"),
    path("search/picture", SearchByPictureView.as_view(), name="search-by-picture"),
    path("search/picture/<str:token>", KeptPictureView.as_view(), name="kept-picture"),
    path("answers", AnswerView.as_view(), name="answers"),
    path("api-reference/", ApiReferenceView.as_view(), name="api-reference"),
    path("suggest", SuggestView.as_view(), name="suggest"),
    path("covers/<int:pk>.jpg", ItemPictureView.as_view(), name="item-picture"),
    path("covers/<int:pk>.svg", CoverView.as_view(), name="cover"),
]
