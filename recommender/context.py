"""What templates may know about the person looking."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from recommender.identity import subject_of
from recommender.reactions import reactions_of


def reactions(request: HttpRequest) -> dict[str, Any]:
    """The switches that are on, by item id: one query on pages that use them, none on others."""
    return {"switches": SimpleLazyObject(lambda: dict(reactions_of(subject_of(request))))}
