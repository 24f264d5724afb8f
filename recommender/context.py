"""What templates may know of whoever is looking."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from recommender.identity import subject_of
from recommender.reactions import reactions_of


def reactions(request: HttpRequest) -> dict[str, Any]:
    """The switches that are on, by item id: one query on pages that ask, none on the others."""
    return {"switches": SimpleLazyObject(lambda: dict(reactions_of(subject_of(request))))}
