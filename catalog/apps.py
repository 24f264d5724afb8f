from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog import checks  # noqa: F401  (registers them)
        from catalog.embedding.openai.service import use_service
        from catalog.embedding_service import embedding_service
        from catalog.http import openapi  # noqa: F401

        use_service(embedding_service)
