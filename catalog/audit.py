"""The audit log of staff actions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from catalog.models import AuditEntry


def record_action(actor: User | AnonymousUser | None, action: str, target: object, **detail: Any) -> None:
    """Record that `actor` did `action` to `target`; an API key has no actor and should be named in `detail`."""
    person = actor if isinstance(actor, User) else None
    AuditEntry.objects.create(actor=person, action=action, target=str(target)[:200], detail=detail)
