"""For whom an API request is made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request

from catalog.http.permissions import may
from catalog.http.serializers import StrictSerializer
from catalog.models import ApiKey
from recommender.accounts import MAX_USERNAME, account_ids
from recommender.identity import subject_of
from recommender.subjects import Subject


class SubjectParameters(StrictSerializer):
    """Programs with a key say whom they ask for; people ask for themselves."""

    user = serializers.CharField(default=None, max_length=MAX_USERNAME, help_text="A username. Needs an API key.")
    visitor = serializers.UUIDField(default=None, help_text="A visitor without an account. Needs an API key.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("user") is not None and attrs.get("visitor") is not None:
            raise serializers.ValidationError({"visitor": "Name a user or a visitor, not both."}, code="two_subjects")
        return attrs


def is_program(request: Request) -> bool:
    return isinstance(request.auth, ApiKey)


def own_subject(request: Request) -> Subject:
    """The caller; a program has no subject, whatever cookies it sends."""
    return Subject() if is_program(request) else subject_of(request._request)


def subject_named(request: Request, *, user: str | None, visitor: UUID | None, may_be_new: bool = False) -> Subject:
    """The subject asked for, or the caller if none is named.

    With `may_be_new`, a user without an account is somebody about whom nothing is known; otherwise NotFound is raised.
    Raises PermissionDenied for a key that may not act for others, and Http404 when a person asks for anybody but
    themselves.
    """
    if not is_program(request):
        own = own_subject(request)
        name = request.user.get_username() if request.user.is_authenticated else None
        if (user is not None and user != name) or (visitor is not None and visitor != own.visitor):
            raise Http404
        return own
    if user is None and visitor is None:
        return Subject()
    require_write(request)
    if user is None:
        return Subject(visitor=visitor)
    user_id = account_ids([user]).get(user)
    if user_id is None and not may_be_new:
        raise NotFound("No account has this name.")
    return Subject(user_id=user_id)


def require_write(request: Request) -> None:
    """Raise PermissionDenied unless the key may act for others."""
    if not may(request, ApiKey.Scope.WRITE):
        raise PermissionDenied("Acting for others needs a key with the write scope.")
