"""The audit log of staff actions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from catalog.models import AuditEntry


def record_action(actor: User | AnonymousUser | None, action: str, target: object, **detail: Any) -> None:
    """Record that `actor` did `action` to `target`; for an API key there is no actor, so `detail` should name the
    key."""
    person = actor if isinstance(actor, User) else None
    AuditEntry.objects.create(actor=person, action=action, target=str(target)[:200], detail=detail)
