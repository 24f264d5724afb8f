"""The subject of a request: the signed-in user, the session's visitor, or nobody yet."""

from __future__ import annotations

import uuid

from django.http import HttpRequest

from recommender.personal_data import merge_visitor
from recommender.serving.units import keep_in_session
from recommender.subjects import Subject

SESSION_KEY = "visitor"


def subject_of(request: HttpRequest) -> Subject:
    """Whose recommendations to show. Starts no session."""
    if request.user.is_authenticated:
        return Subject(user_id=request.user.pk)
    return Subject(visitor=_visitor(request))


def subject_to_record_for(request: HttpRequest) -> Subject:
    """Whose history to write to: an anonymous visitor gets an id, and with it a session, at the first interaction."""
    subject = subject_of(request)
    if subject.known:
        return subject
    visitor = uuid.uuid4()
    request.session[SESSION_KEY] = str(visitor)
    keep_in_session(request)
    return Subject(visitor=visitor)


def adopt_visitor(request: HttpRequest) -> int:
    """After sign-in, give the user what the session's visitor did. Return how many events were moved."""
    visitor = _visitor(request)
    if visitor is None or not request.user.is_authenticated:
        return 0
    del request.session[SESSION_KEY]
    return merge_visitor(visitor, request.user.pk)


def _visitor(request: HttpRequest) -> uuid.UUID | None:
    stored = request.session.get(SESSION_KEY)
    return uuid.UUID(stored) if stored else None
