"""Lists for many people at once, as a file for a program that sends mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from catalog.exporting.files import csv_file, json_file
from catalog.importing.csv_reader import escaped
from recommender.models import Interaction, Preferences
from recommender.recommend import recommend
from recommender.recommendations import Recommendation
from recommender.serving.assignment import assignment_for
from recommender.serving.lists import note_list
from recommender.subjects import Subject

PEOPLE_A_PAGE = 500
COLUMNS = ("user", "email", "place", "item", "title", "url", "score", "reason", "request_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A person's list; `request_id` attributes what comes of it to the list."""

    user: User
    request_id: str
    recommendations: Sequence[Recommendation]


def export_lists(file_format: str, *, scenario: str, site_url: str, usernames: Sequence[str] = ()) -> Iterator[bytes]:
    """Yield a file of everybody's lists in pieces, in bounded memory: an object per person, or in CSV a row per item.

    Included is everybody with an active account, a history and personalisation turned on, or those of them in
    `usernames`. Links begin with `site_url`. Each list is logged as shown. Raises KeyError for an unknown scenario.
    """
    mails = _mails(scenario, usernames)
    if file_format == "csv":
        return csv_file(COLUMNS, chain.from_iterable(_cells(mail, site_url) for mail in mails))
    return json_file((_values(mail, site_url) for mail in mails), lines=file_format == "ndjson")


def _mails(scenario: str, usernames: Sequence[str]) -> Iterator[Mail]:
    for user in _people(usernames):
        subject = Subject(user_id=user.pk)
        assigned = assignment_for(scenario, subject)
        recommendations = recommend(subject, settings=assigned.settings)
        shown = note_list(assigned, (own.item.pk for own in recommendations))
        yield Mail(user=user, request_id=str(shown), recommendations=recommendations)


def _people(usernames: Sequence[str]) -> Iterator[User]:
    after = 0
    people = _reachable().filter(username__in=usernames) if usernames else _reachable()
    while page := list(people.filter(pk__gt=after).order_by("pk")[:PEOPLE_A_PAGE]):
        yield from page
        after = page[-1].pk


def _reachable() -> QuerySet[User]:
    of_user = {"user": OuterRef("pk")}
    return User.objects.filter(
        Exists(Interaction.objects.filter(**of_user)),
        ~Exists(Preferences.objects.opted_out().filter(**of_user)),
        is_active=True,
    )


def _values(mail: Mail, site_url: str) -> dict[str, object]:
    return {
        "user": mail.user.username,
        "email": mail.user.email,
        "request_id": mail.request_id,
        "recommendations": [
            {
                "place": place,
                "item": own.item.external_id,
                "title": own.item.title,
                "url": site_url + own.item.get_absolute_url(),
                "score": round(own.score, 6),
                "reason": own.reason,
            }
            for place, own in enumerate(mail.recommendations, start=1)
        ],
    }


def _cells(mail: Mail, site_url: str) -> Iterable[list[str]]:
    for place, own in enumerate(mail.recommendations, start=1):
        texts = (mail.user.username, mail.user.email, str(place), own.item.external_id, own.item.title)
        rest = (site_url + own.item.get_absolute_url(), f"{own.score:.6f}", own.reason, mail.request_id)
        yield [escaped(text) for text in (*texts, *rest)]
