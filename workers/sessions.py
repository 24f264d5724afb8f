"""Sessions that have expired: the database keeps them until they are removed."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings


def forget_sessions() -> None:
    """Remove them, by whatever means this site's kind of session has."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
