"""What a caller may do: three scopes, each including the ones before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from catalog.http.authentication import SessionAuthentication
from catalog.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

RANK = {ApiKey.Scope.SEARCH: 1, ApiKey.Scope.WRITE: 2, ApiKey.Scope.ADMIN: 3}


def rank(request: Request) -> int:
    """The caller's highest scope as a number; 0 for none."""
    if isinstance(request.auth, ApiKey):
        return RANK[ApiKey.Scope(request.auth.scope)]
    if request.user and request.user.is_authenticated:
        return RANK[ApiKey.Scope.ADMIN] if request.user.is_staff else RANK[ApiKey.Scope.SEARCH]
    return RANK[ApiKey.Scope.SEARCH] if settings.ANONYMOUS_API_READ else 0


def may(request: Request, scope: str) -> bool:
    """Whether the caller has this scope."""
    return rank(request) >= RANK[ApiKey.Scope(scope)]


class Scoped(BasePermission):
    """Views name the scope they need in `read_scope` and `write_scope`; a view that names none is for admins.

    A write without credentials belongs to the visitor's cookie, so it needs the CSRF token just as a signed-in user's
    does. Views that write nothing mark themselves with `reads_only`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        reads = request.method in SAFE_METHODS
        scope = getattr(view, "read_scope" if reads else "write_scope", ApiKey.Scope.ADMIN)
        if not may(request, scope):
            self.message = f"This needs the scope {ApiKey.Scope(scope).value}."
            return False
        if request.successful_authenticator is None and not (reads or getattr(view, "reads_only", False)):
            SessionAuthentication().enforce_csrf(request)
        return True
