"""Who calls the API: a key, `Authorization: Bearer <key>`, or a user signed in to the site."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.models import AnonymousUser, User
from django.http import QueryDict
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from catalog.models import ApiKey


def hash_key(key: str) -> str:
    """SHA-256 is enough here: a key has 256 random bits, so it cannot be guessed."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(*, name: str, scope: str, created_by: User | None = None) -> tuple[ApiKey, str]:
    """Return a new key's row and the key itself, which is not stored and cannot be shown again."""
    key = f"sk_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(name=name, prefix=key[:9], hashed=hash_key(key), scope=scope, created_by=created_by)
    return row, key


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """Sets `request.auth` to the key; `request.user` stays anonymous, since a key is not a person."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        row = ApiKey.objects.filter(hashed=hash_key(key.strip()), revoked_at=None).first()
        if row is None:
            raise AuthenticationFailed("This API key is unknown or revoked.", code="invalid_key")
        return AnonymousUser(), row

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The site's own session; every write needs the CSRF token in its header.

    Unlike in Django, it is not looked for in the body, which would then be read before the rate limit is checked.
    """

    def enforce_csrf(self, request: Request) -> None:
        own = request._request
        own._post = QueryDict()  # type: ignore[attr-defined]
        try:
            super().enforce_csrf(own)  # type: ignore[arg-type]
        except PermissionDenied as error:
            raise PermissionDenied(str(error.detail), code="csrf_failed") from error
