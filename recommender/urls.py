"""URLs of the pages that depend on who is looking."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from recommender.views.accounts import SignInView, SignUpView
from recommender.views.history import DeleteEntryView, DeleteHistoryView, ExportView, HistoryView, SavedView
from recommender.views.home import ForYouView, HomeView
from recommender.views.interests import (
    DeleteInterestView,
    ExportEverythingView,
    InterestsView,
    MuteInterestView,
    PersonalisationView,
    ReceiptView,
)
from recommender.views.items import ItemPageView
from recommender.views.reactions import ReactionView, SeenView

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("for-you/", ForYouView.as_view(), name="for-you"),
    path("saved/", SavedView.as_view(), name="saved"),
    path("history/", HistoryView.as_view(), name="history"),
    path("history/<int:pk>/delete", DeleteEntryView.as_view(), name="history-delete-entry"),
    path("history/delete", DeleteHistoryView.as_view(), name="history-delete"),
    path("history/export", ExportView.as_view(), name="history-export"),
    path("interests/", InterestsView.as_view(), name="interests"),
    path("interests/personalisation", PersonalisationView.as_view(), name="personalisation"),
    path("interests/export", ExportEverythingView.as_view(), name="interests-export"),
    path("interests/<int:pk>/mute", MuteInterestView.as_view(), name="interest-mute"),
    path("interests/<int:pk>/delete", DeleteInterestView.as_view(), name="interest-delete"),
    path("receipts/<uuid:pk>/", ReceiptView.as_view(), name="receipt"),
    path("reactions/", ReactionView.as_view(), name="reactions"),
    path("items/<int:pk>/", ItemPageView.as_view(), name="item"),
    path("items/<int:pk>/seen", SeenView.as_view(), name="seen"),
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-up/", SignUpView.as_view(), name="sign-up"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
]
