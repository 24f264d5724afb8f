"""URLs that clients of OpenAI's API call, below /v1/."""

from django.urls import path

from catalog.api import embeddings

urlpatterns = [
    path("embeddings", embeddings.EmbeddingsView.as_view(), name="openai-embeddings"),
    path("models", embeddings.ModelsView.as_view(), name="openai-models"),
    path("models/<path:name>", embeddings.ModelView.as_view(), name="openai-model"),
]
