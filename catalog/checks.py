"""Problems that `manage.py check` can find before a visitor does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from catalog.embedding.registry import BACKENDS
from catalog.index.keywords import built_settings, is_built, wanted_settings
from catalog.outgoing.addresses import host_and_port
from catalog.outgoing.errors import EndpointRefused

# Earlier versions corrupt HNSW indexes.
OLDEST_PGVECTOR = (0, 8, 4)
_INSTALLED = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
_AVAILABLE = "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"


@register(Tags.database)
def check_pgvector(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The installed extension or, before the first migration, the one that would be installed."""
    return [error for alias in databases or [] if (error := _pgvector_error(alias)) is not None]


def _pgvector_error(alias: str) -> Error | None:
    oldest = ".".join(map(str, OLDEST_PGVECTOR))
    with connections[alias].cursor() as cursor:
        cursor.execute(f"{_INSTALLED} UNION ALL {_AVAILABLE} LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        return Error(f"PostgreSQL has no pgvector. Install {oldest} or newer.", id="catalog.E001")
    if version_of(row[0]) < OLDEST_PGVECTOR:
        hint = "Install a newer one, then run ALTER EXTENSION vector UPDATE."
        return Error(
            f"pgvector {row[0]} damages HNSW indexes. Install {oldest} or newer.", hint=hint, id="catalog.E002"
        )
    return None


@register(Tags.database)
def check_keyword_settings(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether the keyword index was built with the current settings."""
    if "default" not in (databases or []) or not is_built() or built_settings() == wanted_settings():
        return []
    hint = "Run manage.py rebuild_keywords."
    return [Warning("The keyword index was built with other settings.", hint=hint, id="catalog.W001")]


@register
def check_chat_endpoint(**_: Any) -> list[CheckMessage]:
    """Whether the language model that writes answers, if there is one, is configured to be callable."""
    if settings.CHAT_URL and not settings.CHAT_MODEL:
        return [
            Error(
                "CHAT_URL is set but CHAT_MODEL is not.", hint="Set CHAT_MODEL to the model to ask.", id="catalog.E004"
            )
        ]
    return _address_errors("CHAT_URL", settings.CHAT_URL, id="catalog.E004")


@register
def check_embeddings_endpoint(**_: Any) -> list[CheckMessage]:
    """Whether the encoder behind an endpoint, if there is one, is configured to be callable."""
    if settings.ENCODER_BACKEND not in BACKENDS:
        known = ", ".join(BACKENDS)
        return [Error(f"ENCODER_BACKEND must be one of {known}.", id="catalog.E005")]
    if settings.ENCODER_BACKEND == "openai" and not settings.ENCODER_URL:
        return [Error("ENCODER_BACKEND is openai but ENCODER_URL is not set.", id="catalog.E005")]
    return _address_errors("ENCODER_URL", settings.ENCODER_URL, id="catalog.E005")


def _address_errors(name: str, url: str, *, id: str) -> list[CheckMessage]:
    if not url:
        return []
    try:
        host_and_port(url)
    except EndpointRefused as error:
        return [Error(f"{name} cannot be called. {error}", id=id)]
    return []


@register
def check_semantic_ratio(**_: Any) -> list[CheckMessage]:
    if 0 <= settings.SEMANTIC_RATIO <= 1:
        return []
    return [Error("SEMANTIC_RATIO must be between 0 (only words) and 1 (only meaning).", id="catalog.E006")]


@register
def check_site_url(**_: Any) -> list[CheckMessage]:
    """Whether links that begin with it work from outside the site."""
    if not settings.SITE_URL or settings.SITE_URL.startswith(("http://", "https://")):
        return []
    return [Error("SITE_URL must begin with http:// or https://.", id="catalog.E007")]


def version_of(text: str) -> tuple[int, ...]:
    """`0.8.4` as numbers."""
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


@register
def check_media_root(**_: Any) -> list[CheckMessage]:
    """Uploads are stored there; it is created for the first one, if possible."""
    folder = Path(settings.MEDIA_ROOT)
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return []
    return [Error(f"MEDIA_ROOT {folder} is not writable.", hint="Files cannot be imported.", id="catalog.E003")]
