"""Actions of API callers in the audit log."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from catalog.audit import record_action
from catalog.models import ApiKey


def record_request(request: Request, action: str, target: object, **detail: Any) -> None:
    """Record an action under the caller's account or, since a key is not a person, with the key's name."""
    if isinstance(request.auth, ApiKey):
        detail["key"] = str(request.auth)
    record_action(request.user, action, target, **detail)
