"""Variables available in every template."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "item_noun": settings.ITEM_NOUN,
        "item_noun_plural": settings.ITEM_NOUN_PLURAL,
        "embedded": settings.EMBEDDED,
    }
