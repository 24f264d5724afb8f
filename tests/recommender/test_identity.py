"""Who a request is made for."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from recommender.identity import SESSION_KEY, adopt_visitor, subject_of, subject_to_record_for
from recommender.interactions import NewInteraction, record_interactions
from recommender.models import Interaction
from recommender.subjects import Subject
from tests.factories import make_item


@pytest.fixture
def request_of_nobody(db) -> HttpRequest:
    request = HttpRequest()
    request.session = SessionStore()
    request.user = AnonymousUser()
    return request


def test_reading_makes_nobody_known(request_of_nobody):
    assert subject_of(request_of_nobody) == Subject()
    assert not request_of_nobody.session.modified
    assert request_of_nobody.session.session_key is None


def test_the_first_interaction_gives_a_visitor_an_id_that_stays(request_of_nobody):
    first = subject_to_record_for(request_of_nobody)
    assert first.visitor is not None
    assert subject_to_record_for(request_of_nobody) == subject_of(request_of_nobody) == first


def test_two_visitors_are_told_apart(request_of_nobody):
    first = subject_to_record_for(request_of_nobody)
    request_of_nobody.session = SessionStore()
    assert subject_to_record_for(request_of_nobody) != first


def test_a_signed_in_user_is_the_subject_whatever_the_session_holds(request_of_nobody):
    subject_to_record_for(request_of_nobody)
    request_of_nobody.user = User.objects.create_user("ada")
    expected = Subject(user_id=request_of_nobody.user.pk)
    assert subject_of(request_of_nobody) == subject_to_record_for(request_of_nobody) == expected


def test_what_a_visitor_did_is_the_users_after_signing_in(request_of_nobody):
    visitor = subject_to_record_for(request_of_nobody)
    record_interactions(visitor, [NewInteraction(item_id=make_item("rain").pk, kind="like")])
    assert adopt_visitor(request_of_nobody) == 0
    request_of_nobody.user = User.objects.create_user("ada")
    assert adopt_visitor(request_of_nobody) == 1
    assert Interaction.objects.get().subject == Subject(user_id=request_of_nobody.user.pk)
    assert SESSION_KEY not in request_of_nobody.session
    assert adopt_visitor(request_of_nobody) == 0


def test_subjects_survive_a_message():
    for subject in (Subject(), Subject(user_id=3), Subject(visitor=UUID(int=4))):
        assert Subject.from_arguments(**subject.as_arguments()) == subject


def test_nobody_is_a_user_and_a_visitor():
    with pytest.raises(ValueError, match="not both"):
        Subject(user_id=1, visitor=UUID(int=1))
