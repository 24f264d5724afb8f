"""Loading the demo: complete the first time, nothing new the second."""

import json

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from catalog.models import Item
from recommender import demo
from recommender.models import Interaction, Profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial(settings):
    settings.EMBEDDED = True


def counts():
    return [model.objects.count() for model in (Item, Interaction, Profile, get_user_model())]


def test_the_demo_is_loaded_whole_and_a_second_time_changes_nothing(trial, capsys):
    call_command("load_demo")
    films = (demo.DEMO / "films.ndjson").read_text(encoding="utf-8").count("\n")
    members = json.loads((demo.DEMO / "members.json").read_text(encoding="utf-8"))
    events = sum(len(member["interactions"]) for member in members)
    first = counts()
    assert first == [films, events, len(members) + 1, len(members) + 1]
    moments = dict(Interaction.objects.values_list("event_id", "occurred_at"))

    call_command("load_demo")
    assert counts() == first
    assert dict(Interaction.objects.values_list("event_id", "occurred_at")) == moments
    printed = capsys.readouterr().out
    assert f"0 films created, 0 updated, {films} unchanged." in printed
    assert "0 interactions recorded." in printed


def test_the_accounts_can_sign_in_and_one_is_staff(trial):
    call_command("load_demo")
    staff = authenticate(username=demo.STAFF, password=demo.PASSWORD)
    assert staff is not None
    assert staff.is_staff
    members = get_user_model().objects.exclude(username=demo.STAFF)
    assert not members.filter(is_staff=True).exists()
    assert authenticate(username=members[0].username, password=demo.PASSWORD) is not None
    assert Profile.objects.filter(is_demo=True).count() == get_user_model().objects.count()


def test_another_catalogue_gets_the_member_of_staff_alone(trial):
    call_command("load_demo", "--staff-only")
    assert [user.username for user in get_user_model().objects.all()] == [demo.STAFF]
    assert not Item.objects.exists()


def test_an_account_that_is_there_keeps_its_password(trial):
    get_user_model().objects.create_user(demo.STAFF, password="my own")
    call_command("load_demo", "--staff-only")
    assert authenticate(username=demo.STAFF, password=demo.PASSWORD) is None
    assert authenticate(username=demo.STAFF, password="my own") is not None


def test_histories_lie_in_the_past_and_are_in_order(trial):
    call_command("load_demo")
    member = get_user_model().objects.exclude(username=demo.STAFF)[0]
    history = list(Interaction.objects.filter(user=member).values_list("occurred_at", flat=True))
    assert len(set(history)) == len(history)


def test_outside_the_trial_mode_there_are_no_demo_accounts(settings):
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="known password"):
        call_command("load_demo")
    assert not get_user_model().objects.exists()
