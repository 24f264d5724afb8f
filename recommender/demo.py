"""The bundled demo: a catalogue of films, members with a history, and a member of staff."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

import catalog
from catalog.items.saving import SaveReport, save_items
from catalog.models import Item
from recommender.models import Interaction, Profile

DEMO = Path(catalog.__file__).parent / "demo"
STAFF, PASSWORD = "staff", "demo"


def load_films() -> SaveReport:
    with (DEMO / "films.ndjson").open(encoding="utf-8") as lines:
        return save_items([json.loads(line) for line in lines])


@transaction.atomic
def create_accounts(*, members: bool) -> list[User]:
    """Create a staff account and, with `members`, the demo's film lovers; existing accounts are left alone."""
    people = [{"username": STAFF, "name": "Staff", "about": "", "is_staff": True}, *(_members() if members else [])]
    missing = set(names := [person["username"] for person in people])
    accounts = get_user_model().objects.filter(username__in=names)
    missing -= set(accounts.values_list("username", flat=True))
    password = make_password(PASSWORD)
    for person in people:
        if person["username"] in missing:
            _create(person, password)
    return list(accounts.all())


def record_histories() -> int:
    """Record what the demo members did, counted back from today; return how many interactions are new."""
    members = _members()
    users = get_user_model().objects.in_bulk([member["username"] for member in members], field_name="username")
    films = Item.objects.ids_by_external_id(
        event["external_id"] for member in members for event in member["interactions"]
    )
    interactions = list(_interactions(members, users, films))
    known = Interaction.objects.event_ids_among([str(interaction.event_id) for interaction in interactions])
    new = [interaction for interaction in interactions if interaction.event_id not in known]
    Interaction.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _members() -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = json.loads((DEMO / "members.json").read_text(encoding="utf-8"))
    return members


def _create(person: dict[str, Any], password: str) -> None:
    first_name, _, last_name = person["name"].partition(" ")
    is_staff = person.get("is_staff", False)
    user = User.objects.create(
        username=person["username"],
        password=password,
        first_name=first_name,
        last_name=last_name,
        is_staff=is_staff,
        is_superuser=is_staff,
    )
    Profile.objects.create(user=user, about=person["about"], is_demo=True)


def _interactions(
    members: list[dict[str, Any]], users: dict[str, User], films: dict[str, int]
) -> Iterable[Interaction]:
    now = timezone.now()
    for member in members:
        for number, event in enumerate(member["interactions"]):
            yield Interaction(
                user=users[member["username"]],
                item_id=films[event["external_id"]],
                kind_id=event["kind"],
                value=event["value"],
                occurred_at=now - timedelta(days=event["days_ago"], minutes=number),
                event_id=f"demo-{member['username']}-{number}",
            )
