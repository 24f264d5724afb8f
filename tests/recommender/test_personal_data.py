"""What is deleted, what the receipt says, and what an account takes over from a visitor."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from recommender.interactions import NewInteraction, record_interactions
from recommender.models import DeletionReceipt, Interaction, Preferences, ProfileState, UserEmbedding
from recommender.personal_data import delete_history, delete_interest, export_everything, merge_visitor, shown_interests
from recommender.preferences import interest_with, is_opted_out, mute, opt_out, own_interests
from recommender.reactions import reactions_of
from recommender.subjects import Subject
from tests.factories import make_item
from tests.recommender.spaces import VISITOR, VISITOR_ID, did, make_space
from tests.waiting import waiting_for_this


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space(of_each=8)


@pytest.fixture
def user(db) -> Subject:
    return Subject(user_id=User.objects.create_user("ada").pk)


def interest_of(subject: Subject, item_id: int):
    found = interest_with(subject, item_id)
    assert found is not None
    return found


def items_of(subject: Subject) -> set[int]:
    return set(Interaction.objects.of(subject).values_list("item_id", flat=True))


def test_a_deleted_history_leaves_a_receipt_and_what_was_decided(ids, user):
    did(user, "like", ids["space-0"], ids["love-0"])
    did(user, "hide", ids["rain-0"])
    mute(user, interest_of(user, ids["love-0"]))
    receipt = delete_history(user)
    assert (receipt.scope, receipt.interactions, receipt.embeddings) == ("history", 3, 3)
    assert DeletionReceipt.objects.of(user).get() == receipt
    for model in (Interaction, UserEmbedding, ProfileState):
        assert not model.objects.of(user).exists()
    assert len(Preferences.objects.of(user).get().mutes) == 1


def test_a_receipt_is_its_owners_alone(ids, user):
    did(user, "like", ids["space-0"])
    delete_history(user)
    for other in (VISITOR, Subject(), Subject(user_id=User.objects.create_user("eve").pk)):
        assert not DeletionReceipt.objects.of(other).exists()


def test_a_deleted_interest_takes_its_events_along_and_leaves_the_others(ids):
    did(VISITOR, "like", ids["space-0"], ids["space-1"], ids["love-0"])
    did(VISITOR, "view", ids["space-0"])
    receipt = delete_interest(VISITOR, interest_of(VISITOR, ids["space-1"]))
    assert (receipt.scope, receipt.interactions, receipt.embeddings) == ("interest", 3, 1)
    assert items_of(VISITOR) == {ids["love-0"]}
    assert [own.medoid for own in own_interests(VISITOR)] == [ids["love-0"]]


def test_a_visitors_mutes_receipts_and_events_become_the_accounts(ids, user):
    did(user, "like", ids["rain-0"])
    mute(user, interest_of(user, ids["rain-0"]))
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    delete_interest(VISITOR, interest_of(VISITOR, ids["love-0"]))
    mute(VISITOR, interest_of(VISITOR, ids["space-0"]))
    assert merge_visitor(VISITOR_ID, user.user_id or 0) == 1
    assert items_of(user) == {ids["rain-0"], ids["space-0"]}
    assert {own.medoid: own.muted for own in own_interests(user)} == {ids["rain-0"]: True, ids["space-0"]: True}
    assert DeletionReceipt.objects.of(user).count() == 1
    for model in (Interaction, UserEmbedding, ProfileState, Preferences, DeletionReceipt):
        assert not model.objects.of(VISITOR).exists()


@pytest.mark.parametrize("who", ["visitor", "account"])
def test_either_ones_opting_out_stands(ids, user, who):
    opt_out(VISITOR if who == "visitor" else user)
    merge_visitor(VISITOR_ID, user.user_id or 0)
    assert is_opted_out(user)


def test_an_account_that_takes_over_an_opt_out_keeps_no_interest(ids, user):
    did(user, "like", ids["space-0"])
    opt_out(VISITOR)
    merge_visitor(VISITOR_ID, user.user_id or 0)
    assert not UserEmbedding.objects.exists()


def test_merging_a_visitor_who_decided_nothing_changes_no_decision(ids, user):
    did(VISITOR, "like", ids["space-0"])
    merge_visitor(VISITOR_ID, user.user_id or 0)
    assert not Preferences.objects.exists()


@pytest.mark.parametrize(("earlier", "later"), [("like", "dislike"), ("dislike", "like")])
@pytest.mark.parametrize("visitor_first", [True, False])
def test_of_opposite_reactions_the_newer_stands(ids, user, earlier, later, visitor_first):
    subjects = (VISITOR, user) if visitor_first else (user, VISITOR)
    for subject, kind, days_ago in zip(subjects, (earlier, later), (2, 1), strict=True):
        did(subject, kind, ids["space-0"], days_ago=days_ago)
    did(VISITOR, "save", ids["space-0"])
    merge_visitor(VISITOR_ID, user.user_id or 0)
    assert reactions_of(user) == {ids["space-0"]: {later, "save"}}


def test_an_event_that_the_account_records_during_the_merge_is_kept_once(committed_db):
    item_id, user_id = make_item("film").pk, User.objects.create_user("ada").pk
    event = NewInteraction(item_id=item_id, kind="like", event_id=f"like-{item_id}")
    record_interactions(VISITOR, [event])
    record_interactions(VISITOR, [NewInteraction(item_id=item_id, kind="view")])
    with transaction.atomic():
        record_interactions(Subject(user_id=user_id), [event])
        merging = waiting_for_this(merge_visitor, VISITOR_ID, user_id)
    assert merging.result(timeout=30) == 1
    kinds = Interaction.objects.of(Subject(user_id=user_id)).values_list("kind_id", flat=True)
    assert sorted(kinds) == ["like", "view"]
    assert not Interaction.objects.of(VISITOR).exists()


def test_interests_are_shown_with_their_items_and_what_deleting_them_deletes(ids):
    did(VISITOR, "like", ids["space-0"], ids["space-1"], ids["love-0"])
    did(VISITOR, "view", ids["space-0"])
    space, love = shown_interests(VISITOR)
    assert {item.external_id for item in space.items} == {"space-0", "space-1"}
    assert (space.item_count, space.event_count, love.event_count) == (2, 3, 1)
    assert space.share + love.share == pytest.approx(1)


def test_the_export_holds_all_that_is_kept_of_one_subject(ids, user):
    did(user, "like", ids["space-0"], ids["love-0"])
    did(VISITOR, "like", ids["rain-0"])
    mute(user, interest_of(user, ids["space-0"]))
    delete_interest(user, interest_of(user, ids["love-0"]))
    kept = json.loads("".join(export_everything(user)))
    assert [event["item"] for event in kept["events"]] == ["space-0"]
    assert [[item_id for item_id, _ in own["items"]] for own in kept["interests"]] == [[ids["space-0"]]]
    assert len(kept["interests"][0]["vector"]) == 13
    assert kept["personalised"] is True
    assert kept["mutes"][0]["items"] == [ids["space-0"]]
    assert UUID(kept["receipts"][0]["id"])


def test_nobodys_export_is_empty(db):
    kept = json.loads("".join(export_everything(Subject())))
    assert (kept["events"], kept["interests"], kept["receipts"]) == ([], [], [])
