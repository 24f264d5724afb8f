"""URLs of the recommender's API, below /api/v1/."""

from django.urls import path

from recommender.api.export import ExportInteractionsView, ExportListsView
from recommender.api.interactions import ExportHistoryView, HistoryView, InteractionsView, InteractionView
from recommender.api.interests import ExportEverythingView, InterestsView, InterestView
from recommender.api.receipts import ReceiptsView, ReceiptView
from recommender.api.recommendations import RecommendationsView

urlpatterns = [
    path("interactions", InteractionsView.as_view(), name="api-interactions"),
    path("interactions/export", ExportInteractionsView.as_view(), name="api-interactions-export"),
    path("interactions/<int:pk>", InteractionView.as_view(), name="api-interaction"),
    path("recommendations", RecommendationsView.as_view(), name="api-recommendations"),
    path("recommendations/export", ExportListsView.as_view(), name="api-recommendations-export"),
    path("me/interests", InterestsView.as_view(), name="api-interests"),
    path("me/interests/<int:pk>", InterestView.as_view(), name="api-interest"),
    path("me/export", ExportEverythingView.as_view(), name="api-export-everything"),
    path("me/receipts", ReceiptsView.as_view(), name="api-receipts"),
    path("me/receipts/<uuid:pk>", ReceiptView.as_view(), name="api-receipt"),
    path("history", HistoryView.as_view(), name="api-history"),
    path("history/export", ExportHistoryView.as_view(), name="api-history-export"),
]
