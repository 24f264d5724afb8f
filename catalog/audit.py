"""The audit log of staff actions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from catalog.models import AuditEntry


def record_action(actor: User | AnonymousUser | None, action: str, target: object, **detail: Any) -> None:
    """Note that `actor` did `action` to `target`; an API key leaves no actor and should name itself in `detail`."""
    person = actor if isinstance(actor, User) else None
    AuditEntry.objects.create(actor=person, action=action, target=str(target)[:200], detail=detail)
