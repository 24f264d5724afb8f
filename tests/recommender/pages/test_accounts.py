"""Signing in, up and out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from rest_framework.settings import api_settings

from recommender.models import Profile
from recommender.subjects import Subject
from tests.callers import signed_in
from tests.recommender.pages.visits import PASSWORD, kinds_of, press


def test_signing_in_takes_the_visitors_history_along(item, member, client):
    press(client, item, on="like")
    response = client.post("/sign-in/", {"username": "member", "password": PASSWORD, "next": "/saved/"})
    assert response.url == "/saved/"
    assert kinds_of(Subject(user_id=member.pk)) == ["like"]
    assert "visitor" not in client.session


def test_a_new_account_takes_the_visitors_history_along(item, client):
    press(client, item, on="like")
    response = client.post("/sign-up/", {"username": "new", "password1": PASSWORD, "password2": PASSWORD})
    assert response.url == "/"
    assert kinds_of(Subject(user_id=User.objects.get(username="new").pk)) == ["like"]


def test_a_wrong_password_is_told_beside_the_form(member, client):
    page = client.post("/sign-in/", {"username": "member", "password": "wrong"}).content.decode()
    assert 'role="alert"' in page
    assert 'value="member"' in page and "wrong" not in page


def test_a_weak_or_taken_account_is_refused_with_the_reason(member, client):
    form = {"username": "member", "password1": "12345678", "password2": "12345678"}
    page = client.post("/sign-up/", form).content.decode()
    assert "already exists" in page and "too common" in page
    assert User.objects.count() == 1


def test_a_name_that_is_taken_while_the_form_is_sent_is_refused_as_one_that_was_taken_before(db, client):
    def take(**_):
        pre_save.disconnect(take, sender=User)
        User.objects.create(username="new")

    pre_save.connect(take, sender=User)
    response = client.post("/sign-up/", {"username": "new", "password1": PASSWORD, "password2": PASSWORD})
    assert "already exists" in response.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("page", ["/sign-in/", "/sign-up/"])
@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(member, client, page, address):
    form = {"username": "member", "password": PASSWORD, "password1": PASSWORD, "password2": PASSWORD, "next": address}
    if page == "/sign-up/":
        form["username"] = "new"
    assert client.post(page, form).url == "/"


def test_too_many_attempts_have_to_wait(member, client, monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "sign-in", "2/h")
    form = {"username": "member", "password": "wrong"}
    statuses = [client.post("/sign-in/", form, REMOTE_ADDR="203.0.113.9").status_code for _ in range(3)]
    assert statuses[-1] == 429
    response = client.post("/sign-in/", form, REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 3600
    assert "Too many requests" in response.content.decode()


def test_signing_out_ends_the_session(member):
    client = signed_in("member")
    assert client.post("/sign-out/")["Location"] == "/"
    assert "_auth_user_id" not in client.session


def test_demo_accounts_are_offered_in_the_embedded_mode_only(db, client, settings):
    Profile.objects.create(user=User.objects.create_user("mira", first_name="Mira"), about="Stars", is_demo=True)
    assert 'name="username" value="mira"' in client.get("/sign-in/").content.decode()
    settings.EMBEDDED = False
    assert "mira" not in client.get("/sign-in/").content.decode()


def test_only_staff_see_the_way_to_the_dashboard(item, client):
    for visitor, sees in ((client, False), (signed_in("member"), False), (signed_in("boss", is_staff=True), True)):
        assert ('href="/staff/"' in visitor.get("/search").content.decode()) is sees
