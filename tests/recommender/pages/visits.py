"""What visitors do on the pages, and what is recorded of it."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from catalog.models import Item
from recommender.models import Interaction
from recommender.subjects import Subject

PASSWORD = "correct horse battery"
CARD = re.compile(r'<h3 class="card__title"><a href="[^"]*">(.*?)</a>')


def press(client: Client, item: Item, *, headers: dict[str, str] | None = None, **switch: str) -> Any:
    return client.post("/reactions/", {"item": item.pk, "look": "hit", **switch}, headers=headers)


def kinds_of(subject: Subject) -> list[str]:
    return list(Interaction.objects.of(subject).newest().values_list("kind_id", flat=True))


def visitor_of(client: Client) -> Subject:
    return Subject.from_arguments(visitor=client.session["visitor"])
