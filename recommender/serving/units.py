"""The unit of a person: the number by which experiments split people into variants.

It is derived from an account's id, from a visitor's id in the session, or from the visit cookie of somebody otherwise
unknown. A visitor's unit is kept in the session from the first visit on and passes to an account that they sign up for,
so that they stay in their variant. Signing in to an existing account switches to that account's unit: what was seen
before signing in, or is seen after signing out, may belong to another variant.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest

from catalog.querylog.visits import known_visit, visit_of
from recommender.models import SplitUnit
from recommender.serving.splitting import keyed_hash
from recommender.subjects import Subject

SESSION_KEY = "split"


def unit_of(subject: Subject) -> int | None:
    """The unit of a subject; None for somebody unknown. One query for an account."""
    if subject.user_id is not None:
        kept = SplitUnit.objects.filter(pk=subject.user_id).values_list("unit", flat=True).first()
        return keyed_hash("unit", str(subject)) if kept is None else kept
    return keyed_hash("unit", str(subject)) if subject.known else None


def unit_for(request: HttpRequest, subject: Subject) -> int | None:
    """The unit of the person viewing a page; None for somebody unknown without a visit cookie."""
    if subject.user_id is None and (kept := request.session.get(SESSION_KEY)) is not None:
        return int(kept)
    if subject.known:
        return unit_of(subject)
    visit = visit_of(request)
    return keyed_hash("unit", f"visit {visit}") if visit else None


def keep_in_session(request: HttpRequest) -> None:
    """Keep the unit of a visit when somebody unknown becomes a visitor."""
    if (visit := known_visit(request)) is not None:
        request.session.setdefault(SESSION_KEY, keyed_hash("unit", f"visit {visit}"))


def keep_with_account(user: User, unit: int | None) -> None:
    """Keep a visitor's unit, on every device, after they have signed up."""
    if unit is not None:
        SplitUnit.objects.get_or_create(user=user, defaults={"unit": unit})
