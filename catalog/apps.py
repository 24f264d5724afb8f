from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog import checks  # noqa: F401  (registers them)
        from catalog.embedding.openai.service import use_service
        from catalog.embedding.query_vectors import share_vectors
        from catalog.embeddings_endpoint import embeddings_endpoint
        from catalog.http import openapi  # noqa: F401
        from catalog.shared_vectors import RedisVectors

        use_service(embeddings_endpoint)
        share_vectors(RedisVectors())
