"""Recording, merging, exporting and deleting what people do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from catalog.items.saving import delete_item
from catalog.models import Item
from catalog.signals import interactions_recorded
from recommender import profiles
from recommender.interactions import (
    NewInteraction,
    delete_interaction,
    export_history,
    forget_events_of_gone_items,
    record_for_many,
    record_interactions,
)
from recommender.models import Interaction, ProfileState, UserEmbedding
from recommender.personal_data import delete_history, merge_visitor
from recommender.subjects import Subject
from tests.factories import make_item, make_items
from tests.recommender.spaces import NOW, VISITOR, VISITOR_ID, did, make_space

OTHER = Subject(visitor=UUID(int=8))


@pytest.fixture
def item(db) -> Item:
    return make_item("rain", "Rain")


@pytest.fixture
def user(db) -> Subject:
    return Subject(user_id=User.objects.create_user("ada").pk)


def merge(user: Subject) -> int:
    """Give the user the visitor's history."""
    assert user.user_id is not None
    return merge_visitor(VISITOR_ID, user.user_id)


@pytest.fixture
def announced():
    """The subjects that receivers were told of, one list per announcement."""
    told: list[list[Subject]] = []

    def receiver(*, subjects, **_):
        told.append(list(subjects))

    interactions_recorded.connect(receiver)
    yield told
    interactions_recorded.disconnect(receiver)


def like(item: Item, **fields) -> NewInteraction:
    return NewInteraction(item_id=item.pk, kind="like", **fields)


def events_of(subject: Subject) -> list[tuple[str, str | None]]:
    return list(Interaction.objects.of(subject).order_by("pk").values_list("kind_id", "event_id"))


def test_an_event_is_recorded_as_it_was_given(item, user):
    given = NewInteraction(
        item_id=item.pk, kind="rating", value=4.5, occurred_at=NOW, event_id="event", request_id="request"
    )
    assert record_interactions(user, [given]) == 1
    found = Interaction.objects.get()
    assert (found.subject, found.item, found.kind_id, found.value) == (user, item, "rating", 4.5)
    assert (found.occurred_at, found.event_id, found.request_id) == (NOW, "event", "request")


def test_an_event_without_a_time_is_of_now(item):
    record_interactions(VISITOR, [like(item)])
    found = Interaction.objects.get()
    assert abs(found.occurred_at - found.created_at) < timedelta(seconds=1)


def test_the_same_event_sent_again_is_recorded_once(item):
    assert record_interactions(VISITOR, [like(item, event_id="one")]) == 1
    assert record_interactions(VISITOR, [like(item, event_id="one"), like(item, event_id="two")]) == 1
    assert record_interactions(VISITOR, [like(item, event_id="two"), like(item, event_id="two")]) == 0
    assert events_of(VISITOR) == [("like", "one"), ("like", "two")]


def test_two_subjects_may_use_the_same_event_id(item, user):
    record_interactions(VISITOR, [like(item, event_id="one")])
    assert record_interactions(OTHER, [like(item, event_id="one")]) == 1
    assert record_interactions(user, [like(item, event_id="one")]) == 1


def test_events_without_an_id_are_all_recorded(item):
    assert record_interactions(VISITOR, [like(item), like(item)]) == 2


def test_an_item_that_is_gone_is_passed_over(item):
    gone = NewInteraction(item_id=item.pk + 1, kind="like")
    assert record_interactions(VISITOR, [gone, like(item)]) == 1


def test_nobody_has_no_history(item):
    with pytest.raises(ValueError, match="belong to a user or a visitor"):
        record_interactions(Subject(), [like(item)])


def test_many_events_of_many_subjects_are_one_statement(item, user, django_assert_num_queries):
    with django_assert_num_queries(3):  # a savepoint around the statement
        assert record_for_many({user: [like(item)] * 200, VISITOR: [like(item)] * 200}) == 400


def test_receivers_are_told_once_it_is_committed(item, user, announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        record_for_many({user: [like(item)], VISITOR: [like(item)]})
        assert announced == []
    assert announced == [[user, VISITOR]]


def test_nothing_new_is_not_announced(item, announced, django_capture_on_commit_callbacks):
    record_interactions(VISITOR, [like(item, event_id="one")])
    with django_capture_on_commit_callbacks(execute=True):
        record_interactions(VISITOR, [like(item, event_id="one")])
        record_interactions(VISITOR, [])
    assert announced == []


def test_the_same_events_from_two_senders_at_once_are_recorded_once(committed_db):
    items = make_items([{"external_id": f"item-{number}"} for number in range(50)])
    events = [
        NewInteraction(item_id=pk, kind="like", event_id=f"event-{pk}-{copy}") for pk in items.values() for copy in "ab"
    ]

    def send(order: int) -> int:
        try:
            return record_interactions(VISITOR, events[::order])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        recorded = list(threads.map(send, [1, -1, 1, -1]))
    assert sum(recorded) == Interaction.objects.count() == 100


def test_one_event_of_ones_own_is_deleted(item, announced, django_capture_on_commit_callbacks):
    record_interactions(VISITOR, [like(item), like(item)])
    pk = Interaction.objects.earliest("pk").pk
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_interaction(VISITOR, pk)
    assert len(events_of(VISITOR)) == 1
    assert announced == [[VISITOR]]
    assert not delete_interaction(VISITOR, pk)


@pytest.mark.parametrize("outsider", [OTHER, Subject()])
def test_another_subjects_event_is_not_there(item, outsider):
    record_interactions(VISITOR, [like(item)])
    assert not delete_interaction(outsider, Interaction.objects.get().pk)
    assert events_of(VISITOR) == [("like", None)]


def test_a_deleted_history_leaves_nothing_and_a_receipt(db, user):
    ids = make_space()
    did(user, "like", ids["space-0"], ids["space-1"])
    did(VISITOR, "like", ids["love-0"])
    receipt = delete_history(user)
    assert (receipt.interactions, receipt.embeddings) == (2, 1)
    for model in (Interaction, UserEmbedding, ProfileState):
        assert not model.objects.of(user).exists()
        assert model.objects.of(VISITOR).exists()


def test_a_refresh_after_the_deletion_brings_nothing_back(db, user):
    ids = make_space()
    did(user, "like", ids["space-0"])
    delete_history(user)
    assert profiles.refresh(user) == []
    assert not UserEmbedding.objects.of(user).exists()


def test_deleting_nobodys_history_deletes_nothing(item):
    record_interactions(VISITOR, [like(item)])
    assert delete_history(Subject()).interactions == 0
    assert Interaction.objects.count() == 1


def test_a_visitors_history_becomes_the_users(db, user):
    ids = make_space()
    did(user, "like", ids["love-0"])
    did(VISITOR, "like", ids["space-0"], ids["space-1"])
    assert merge(user) == 2
    assert len(events_of(user)) == 3
    for model in (Interaction, UserEmbedding, ProfileState):
        assert not model.objects.of(VISITOR).exists()
    assert user in profiles.stale_subjects()


def test_an_event_that_both_recorded_is_kept_once(item, user):
    record_interactions(VISITOR, [like(item, event_id="both"), like(item, event_id="visitor"), like(item)])
    record_interactions(user, [like(item, event_id="both"), like(item)])
    assert merge(user) == 2
    assert sorted(events_of(user), key=str) == [
        ("like", "both"),
        ("like", "visitor"),
        ("like", None),
        ("like", None),
    ]
    assert not events_of(VISITOR)


def test_merging_a_second_time_changes_nothing(item, user):
    record_interactions(VISITOR, [like(item)])
    assert merge(user) == 1
    assert merge(user) == 0
    assert len(events_of(user)) == 1


def test_an_export_holds_every_event_of_the_subject_alone(item, user, monkeypatch):
    monkeypatch.setattr("recommender.interactions.EXPORT_BATCH", 2)
    record_interactions(user, [like(item, event_id=f"event-{number}", occurred_at=NOW) for number in range(5)])
    record_interactions(VISITOR, [like(item)])
    exported = list(export_history(user))
    assert [event["event_id"] for event in exported] == [f"event-{number}" for number in range(5)]
    assert exported[0] | {"id": 0} == {
        "id": 0,
        "item": "rain",
        "title": "Rain",
        "kind": "like",
        "value": None,
        "occurred_at": "2026-03-01T12:00:00+00:00",
        "event_id": "event-0",
        "request_id": "",
    }
    assert list(export_history(Subject())) == []


@pytest.mark.usefixtures("committed_db")
def test_what_was_recorded_of_an_item_while_it_was_deleted_is_forgotten():
    user = Subject(user_id=User.objects.create_user("mira").pk)
    kept, gone = make_item("kept"), make_item("gone")
    late = like(gone)
    record_interactions(user, [like(kept), late])
    with transaction.atomic():
        delete_item(gone)
        assert record_in_another(VISITOR, late) == 1  # it does not yet see that the item is being deleted
    assert Interaction.objects.count() == 2
    assert forget_events_of_gone_items() == 1
    assert [event.item_id for event in Interaction.objects.all()] == [kept.pk]


def record_in_another(subject: Subject, event: NewInteraction) -> int:
    """Record it over a connection of its own."""

    def record() -> int:
        try:
            return record_interactions(subject, [event])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(record).result(timeout=30)
