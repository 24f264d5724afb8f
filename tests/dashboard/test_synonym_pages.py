"""The staff pages for synonyms."""

import re
from typing import Any

import pytest
from django.test import Client

from catalog.models import AuditEntry, Synonym
from tests.callers import signed_in
from tests.factories import make_synonym

PAGE = "/staff/synonyms/"


@pytest.fixture
def staff(db) -> Client:
    return signed_in("staff", is_staff=True)


def shown(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_synonym_is_made_listed_changed_switched_and_deleted(staff):
    staff.post(PAGE, {"words": "tv, television", "alternatives": ""})
    synonym = Synonym.objects.get()
    assert (synonym.words, synonym.alternatives, synonym.enabled) == (["tv", "television"], [], True)
    assert "tv, television each other On" in shown(staff.get(PAGE))

    address = f"{PAGE}{synonym.pk}/"
    assert 'value="tv, television"' in staff.get(address).content.decode()
    staff.post(address, {"words": "tv", "alternatives": "television,  smart   tv"})
    synonym.refresh_from_db()
    assert (synonym.words, synonym.alternatives) == (["tv"], ["television", "smart tv"])

    assert "is off" in shown(staff.post(f"{address}switch", {"enabled": "false"}, follow=True))
    synonym.refresh_from_db()
    assert not synonym.enabled
    assert "is deleted" in shown(staff.post(f"{address}delete", follow=True))
    assert not Synonym.objects.exists()
    actions = [entry.action for entry in AuditEntry.objects.order_by("pk")]
    assert actions == [f"synonym.{name}" for name in ("create", "change", "disable", "delete")]


def test_the_list_is_searched(staff):
    make_synonym(["tv", "telly"])
    make_synonym(["phone"], ["Téléphone"])
    assert "telly" not in shown(staff.get(PAGE, {"q": "téléphone"}))
    assert "telly" in shown(staff.get(PAGE, {"q": "TV"}))
    assert "No synonym contains “radio”" in shown(staff.get(PAGE, {"q": "radio"}))


@pytest.mark.parametrize(
    ("words", "alternatives", "message"),
    [
        ("", "", "This field is required"),
        (",", "", "Enter at least one word"),
        ("tv", "", "at least two"),
        ("tv, TV", "", "at least two"),
        ("tv, ---", "", "“---” contains no word"),
        ("tv", "television, Tv", "is on both sides"),
        ("one two three four five six seven eight nine, x", "", "is too long"),
        (", ".join(map(str, range(60))), "", "At most 50"),
        ("a\0b, c", "", "Null characters are not allowed"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(staff, words, alternatives, message):
    response = staff.post(PAGE, {"words": words, "alternatives": alternatives})
    assert response.status_code == 400
    assert message in shown(response)
    assert not Synonym.objects.exists()
