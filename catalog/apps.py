from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog import checks  # noqa: F401  (registers them)
        from catalog.embedding.openai.service import use_service
        from catalog.embedding.query_vectors import share_vectors
        from catalog.encoders.endpoint import embeddings_endpoint
        from catalog.encoders.shared_vectors import RedisVectors
        from catalog.http import openapi  # noqa: F401

        use_service(embeddings_endpoint)
        share_vectors(RedisVectors())
