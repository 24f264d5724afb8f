"""Which profiles are due, and what a refresh stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from catalog.index.versions import activate
from catalog.models import EmbeddingState
from recommender import demo, popularity, profiles
from recommender.interactions import NewInteraction, record_interactions
from recommender.models import EventKind, Interaction, ProfileState, UserEmbedding
from recommender.profiles import STALE_SUBJECTS, refresh, stale_subjects
from recommender.subjects import Subject
from tests.factories import add_passages, make_item, make_items, make_version
from tests.recommender.spaces import DIMENSIONS, VISITOR, active, along, did, make_space


@pytest.fixture
def user(db) -> Subject:
    return Subject(user_id=User.objects.create_user("ada").pk)


@pytest.fixture
def ids(db) -> dict[str, int]:
    ids = make_space()
    EmbeddingState.objects.update(state="done")
    return ids


def like(*item_ids: int) -> list[NewInteraction]:
    return [NewInteraction(item_id=item_id, kind="like") for item_id in item_ids]


@pytest.mark.parametrize("who", ["user", "visitor"])
def test_an_event_makes_a_profile_due_until_it_is_refreshed(ids, user, who):
    subject = user if who == "user" else VISITOR
    assert stale_subjects() == []
    record_interactions(subject, like(ids["space-0"]))
    assert stale_subjects() == [subject]
    refresh(subject)
    assert stale_subjects() == []
    record_interactions(subject, like(ids["space-1"]))
    assert stale_subjects() == [subject]


def test_a_deletion_makes_it_due(ids):
    record_interactions(VISITOR, like(ids["space-0"], ids["love-0"]))
    refresh(VISITOR)
    Interaction.objects.filter(item_id=ids["space-0"]).delete()
    assert stale_subjects() == [VISITOR]


def test_an_import_makes_its_users_due(ids, user):
    Interaction.objects.bulk_create(
        Interaction(user_id=user.user_id, item_id=pk, kind_id="like", occurred_at=timezone.now()) for pk in ids.values()
    )
    assert stale_subjects() == [user]


def test_an_account_can_be_deleted_with_its_history(ids, user):
    did(user, "like", ids["space-0"])
    User.objects.get(pk=user.user_id).delete()
    assert not ProfileState.objects.exists()
    assert not UserEmbedding.objects.exists()
    connection.check_constraints()


def test_another_version_makes_every_profile_due(ids):
    record_interactions(VISITOR, like(ids["space-0"]))
    refresh(VISITOR)
    other = make_version(dimensions=DIMENSIONS, state="ready")
    add_passages(other, {pk: [along(0)] for pk in list(ids.values())[:2]} | {ids["space-0"]: [along(1)]})
    activate(other)
    EmbeddingState.objects.update(state="done")
    assert stale_subjects() == [VISITOR]
    refresh(VISITOR)
    assert stale_subjects() == []
    assert set(UserEmbedding.objects.values_list("version_id", flat=True)) == {other.pk}


def test_so_many_are_handed_out_at_a_time(ids):
    visitors = User.objects.bulk_create(User(username=f"user-{number}") for number in range(STALE_SUBJECTS + 5))
    Interaction.objects.bulk_create(
        Interaction(user=visitor, item_id=ids["space-0"], kind_id="like", occurred_at=timezone.now())
        for visitor in visitors
    )
    first = stale_subjects()
    assert len(first) == STALE_SUBJECTS
    for subject in first:
        refresh(subject)
    assert len(stale_subjects()) == 5


def test_a_profile_waits_for_the_vectors_of_its_items(ids):
    late = make_item("late")
    record_interactions(VISITOR, like(ids["space-0"], late.pk))
    refresh(VISITOR)
    due_at = ProfileState.objects.get().due_at
    assert due_at is not None
    assert timedelta(0) < due_at - timezone.now() <= profiles.RETRY
    ProfileState.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert stale_subjects() == [VISITOR]
    add_passages(active(), {late.pk: [along(3)]})
    EmbeddingState.objects.update(state="done")
    refresh(VISITOR)
    assert ProfileState.objects.get().due_at is None
    assert {item_id for item_id, _ in UserEmbedding.objects.get().sources} == {ids["space-0"], late.pk}


def test_a_profile_that_comes_to_nothing_is_not_worked_out_again_and_again(ids):
    did(VISITOR, "hide", ids["space-0"], ids["space-1"])
    record_interactions(VISITOR, [NewInteraction(item_id=ids["space-0"], kind="like")])
    EventKind.objects.update(weight=0)
    assert refresh(VISITOR) == []
    assert not UserEmbedding.objects.exists()
    assert stale_subjects() == []


def test_the_stored_interest_is_centred_and_normalised(ids):
    record_interactions(VISITOR, like(ids["space-0"]))
    refresh(VISITOR)
    # Three kinds of equal number: the mean along each axis is a third of an item's value there.
    expected = np.zeros(DIMENSIONS)
    expected[:3] = np.array([2, -1, -1]) / np.sqrt(6)
    stored = UserEmbedding.objects.get()
    np.testing.assert_allclose(stored.vector, expected, atol=2e-3)
    assert [item_id for item_id, _ in stored.sources] == [ids["space-0"]]


def test_an_item_of_several_passages_counts_by_their_mean(ids):
    long = make_item("long")
    add_passages(active(), {long.pk: [along(0), along(1)]})
    EmbeddingState.objects.update(state="done")
    record_interactions(VISITOR, like(long.pk))
    (own,) = refresh(VISITOR)
    vector = own.interest.vector
    assert vector[0] == pytest.approx(vector[1], abs=2e-3)
    assert vector[0] > vector[2]


def test_the_corpus_mean_is_taken_anew_once_the_corpus_has_doubled(ids):
    record_interactions(VISITOR, like(ids["space-0"]))
    refresh(VISITOR)
    more = make_items([{"external_id": f"more-{number}"} for number in range(11)])
    add_passages(active(), {pk: [along(7)] for pk in more.values()})
    EmbeddingState.objects.update(state="done")
    assert stale_subjects() == []
    add_passages(active(), {make_item("last").pk: [along(7)]})
    EmbeddingState.objects.update(state="done")
    assert stale_subjects() == [VISITOR]
    refresh(VISITOR)
    assert stale_subjects() == []


def test_nothing_is_done_without_an_index_or_a_subject(db):
    record_interactions(VISITOR, like(make_item("rain").pk))
    assert refresh(VISITOR) == []
    assert refresh(Subject()) == []
    assert stale_subjects() == []


def test_refreshes_at_once_leave_each_item_in_one_interest(committed_db):
    ids = make_space()
    EmbeddingState.objects.update(state="done")
    record_interactions(VISITOR, like(ids["space-0"]))

    def work(number: int) -> None:
        try:
            if number % 3 == 0:
                record_interactions(VISITOR, like(list(ids.values())[number]))
            refresh(VISITOR)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(12)))
    for subject in stale_subjects():
        refresh(subject)
    stored = list(UserEmbedding.objects.all())
    assert [own.ordinal for own in stored] == list(range(len(stored)))
    made_of = [item_id for own in stored for item_id, _ in own.sources]
    assert sorted(made_of) == sorted({*list(ids.values())[0:12:3], ids["space-0"]})


def test_the_demo_members_are_known_after_one_sweep(films):
    demo.load_films()
    demo.create_accounts(members=True)
    assert demo.record_histories() > 100
    subjects = stale_subjects()
    assert len(subjects) == 12
    for subject in subjects:
        refresh(subject)
    assert UserEmbedding.objects.values("user").distinct().count() == 12
    assert UserEmbedding.objects.exclude(name="").count() > 12
    assert popularity.refresh() > 100
    assert demo.record_histories() == 0
