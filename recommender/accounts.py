"""Accounts of people by their usernames, which programs and imported files use for their own customers."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

MAX_USERNAME = 150


def account_ids(usernames: Iterable[str]) -> dict[str, int]:
    """Ids by name; names without an account are left out."""
    return dict(get_user_model().objects.filter(username__in=list(usernames)).values_list("username", "pk"))


def ensure_accounts(usernames: Iterable[str]) -> dict[str, int]:
    """Ids by name. Missing accounts are created; nobody can sign in to them until they are given a password."""
    wanted = set(usernames)
    found = account_ids(wanted)
    if missing := sorted(wanted - found.keys()):
        user_model = get_user_model()
        users = [user_model(username=username, password=make_password(None)) for username in missing]
        user_model.objects.bulk_create(users, ignore_conflicts=True)
        found = account_ids(wanted)
    return found
