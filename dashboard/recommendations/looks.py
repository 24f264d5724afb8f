"""Recording in the audit log whose lists staff look at."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest

from catalog.audit import record_action
from dashboard.recommendations.lists import Person

SESSION_KEY = "looked_as"


def note_preview(request: HttpRequest, staff: User, person: Person | None) -> None:
    """Record whose list a preview shows: once per person in a row, not at every keystroke."""
    if person is not None and request.session.get(SESSION_KEY) != person.name:
        request.session[SESSION_KEY] = person.name
        record_action(staff, "person.look", person.name, preview=True)
