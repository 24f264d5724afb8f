"""Lists for many people at once."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from recommender.models import ShownList
from recommender.preferences import opt_out
from recommender.recommend import recommend
from recommender.serving.lists import buffer
from recommender.subjects import Subject
from tests.callers import with_key
from tests.recommender.spaces import VISITOR, did, make_space

SITE = "https://films.example.org"


@pytest.fixture(autouse=True)
def site_url(settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def people(db) -> dict[str, Subject]:
    """Ada and =Bob have a history, and so have others who get no mail; Nell has none."""
    ids = make_space()
    found = {
        name: Subject(user_id=User.objects.create_user(name, f"{name.strip('=')}@example.org").pk)
        for name in ("ada", "=bob", "gone", "off", "nell")
    }
    for name, item in (("ada", "space-0"), ("=bob", "love-0"), ("gone", "love-0"), ("off", "love-0")):
        did(found[name], "like", ids[item])
    did(VISITOR, "like", ids["rain-0"])
    User.objects.filter(username="gone").update(is_active=False)
    opt_out(found["off"])
    return found


def written(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    file = folder / "mailing.ndjson"
    call_command("export_recommendations", str(file), *arguments)
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_everybody_who_did_something_and_may_be_written_to_gets_their_own_list(people, tmp_path):
    mails = written(tmp_path)
    assert [(mail["user"], mail["email"]) for mail in mails] == [
        ("ada", "ada@example.org"),
        ("=bob", "bob@example.org"),
    ]
    for mail in mails:
        own = recommend(people[mail["user"]], scenario="email")
        assert [row["item"] for row in mail["recommendations"]] == [each.item.external_id for each in own]
        assert mail["recommendations"][0]["reason"] == own[0].reason
        assert mail["recommendations"][0]["url"] == SITE + own[0].item.get_absolute_url()


def test_people_may_be_named_and_the_scenario_too(people, tmp_path):
    (mail,) = written(tmp_path, "--user", "ada", "--user", "off", "--scenario", "cart")
    assert (mail["user"], len(mail["recommendations"])) == ("ada", 6)


def test_links_begin_with_the_address_that_is_given(people, tmp_path):
    (mail,) = written(tmp_path, "--user", "ada", "--site-url", "http://127.0.0.1:8000/")
    assert all(row["url"].startswith("http://127.0.0.1:8000/items/") for row in mail["recommendations"])


@pytest.mark.parametrize("address", ["", "films.example.org"])
def test_no_mail_is_written_without_an_address_for_its_links(address, tmp_path):
    with pytest.raises(CommandError, match="--site-url https://"):
        written(tmp_path, "--site-url", address)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_nobody_has_is_refused_and_no_file_written(people, tmp_path):
    with pytest.raises(CommandError, match="No account has this name: amy"):
        written(tmp_path, "--user", "ada", "--user", "amy")
    assert list(tmp_path.iterdir()) == []


def test_in_csv_each_item_is_a_row_and_no_cell_a_formula(people, tmp_path):
    file = tmp_path / "mailing.csv"
    call_command("export_recommendations", str(file))
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {row["user"] for row in rows} == {"ada", "'=bob"}
    assert all(row["url"].startswith(f"{SITE}/items/") for row in rows)
    assert [row["place"] for row in rows if row["user"] == "ada"] == [str(place) for place in range(1, 11)]


def test_each_list_is_logged_by_an_id_of_its_own(people, tmp_path, settings):
    settings.RECOMMENDATION_LOG = True
    mails = written(tmp_path)
    buffer.flush()
    logged = {str(shown.request_id): shown for shown in ShownList.objects.all()}
    assert set(logged) == {mail["request_id"] for mail in mails}
    assert {shown.scenario for shown in logged.values()} == {"email"}


def test_administrators_get_the_same_over_the_api(people):
    response: Any = with_key("admin").get("/api/v1/recommendations/export", {"format": "csv"})
    assert response["Content-Disposition"] == 'attachment; filename="recommendations.csv"'
    content = response.getvalue()
    assert content.count(b"\nada,ada@example.org,") == 10
    assert content.count(f",{SITE}/items/".encode()) == 20


def test_over_the_api_links_begin_with_the_address_that_was_called_unless_the_site_has_one(people, settings):
    settings.SITE_URL = ""
    response: Any = with_key("admin").get("/api/v1/recommendations/export")
    mails = [json.loads(line) for line in response.getvalue().splitlines()]
    urls = [row["url"] for mail in mails for row in mail["recommendations"]]
    assert urls and all(url.startswith("http://testserver/items/") for url in urls)
