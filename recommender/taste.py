"""The searcher's taste, for `catalog.search.taste`."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request

from catalog.search.taste import Taste
from recommender.api.callers import subject_named
from recommender.identity import subject_of
from recommender.viewer import viewer_of


def taste_for(request: HttpRequest | Request, *, user: str | None = None, visitor: UUID | None = None) -> Taste | None:
    """The taste of a page's visitor, or of the person an API request is made for; None if nothing is known.

    Raises PermissionDenied and Http404 as `subject_named` does.
    """
    if isinstance(request, Request):
        subject = subject_named(request, user=user, visitor=visitor)
    else:
        subject = subject_of(request)
    viewer = viewer_of(subject) if subject.known else None
    if viewer is None or viewer.version is None or viewer.centre is None or viewer.interest is None:
        return None
    return Taste(
        version_id=viewer.version.pk,
        vector=viewer.interest.vector.astype("float64"),
        centre=viewer.centre.vector.astype("float64"),
        spread=viewer.centre.spread,
    )
