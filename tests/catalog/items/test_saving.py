"""Saving items: created, replaced, left alone and refused, including by several writers at once."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.items.checks import ItemRefused
from catalog.items.saving import SaveReport, delete_item, delete_items, save_item, save_items
from catalog.models import Attribute, EmbeddingState, Item
from catalog.signals import items_changed
from catalog.unicode import composed
from tests.factories import make_version
from tests.waiting import waiting_for_this


def row(name, **fields):
    return {"external_id": name, "title": name.capitalize(), **fields}


@pytest.fixture
def announcements():
    heard = []

    def hear(sender, **_):
        heard.append(sender)

    items_changed.connect(hear)
    yield heard
    items_changed.disconnect(hear)


@pytest.mark.django_db
def test_new_items_are_created_known_ones_replaced_and_same_ones_left_alone():
    assert save_items([row("a"), row("b", body="old", category="Drama")]) == SaveReport(created=2)
    before = Item.objects.get(external_id="a").updated_at
    assert save_items([row("a"), row("b", body="new"), row("c")]) == SaveReport(created=1, updated=1, unchanged=1)
    replaced = Item.objects.get(external_id="b")
    assert (replaced.body, replaced.category) == ("new", "")
    assert Item.objects.get(external_id="a").updated_at == before


@pytest.mark.django_db
def test_ids_and_creation_times_stay_when_an_item_is_replaced():
    first = save_item(**row("a"))
    second = save_item(**row("a", body="new"))
    assert (first.pk, first.created_at) == (second.pk, second.created_at)


@pytest.mark.django_db
def test_bad_rows_are_refused_with_their_place_and_the_others_saved():
    report = save_items(
        [
            row("good"),
            row("", title="no id"),
            row("bad", attributes={"n": None}),
            {"title": "no id"},
            row(" good "),
            row("other", title="\ud800"),
            row("last"),
        ]
    )
    assert report.created == 2
    assert [(each.index, each.field) for each in report.refusals] == [
        (1, "external_id"),
        (2, "attributes.n"),
        (3, "external_id"),
        (4, "external_id"),
        (5, "title"),
    ]
    assert set(Item.objects.values_list("external_id", flat=True)) == {"good", "last"}


@pytest.mark.django_db
def test_a_row_whose_attribute_is_of_another_kind_than_before_is_refused_in_its_place():
    save_item(**row("a", attributes={"year": 1990}))
    report = save_items([row("b", attributes={"year": "old"}), row("c", attributes={"year": 2000})])
    assert [(each.index, each.field, each.reason) for each in report.refusals] == [
        (0, "attributes", "year: A number is expected, as in earlier items.")
    ]
    assert report.created == 1


@pytest.mark.django_db
def test_saving_one_item_raises_what_is_wrong_with_it():
    with pytest.raises(ItemRefused, match="title: This field is required"):
        save_item(external_id="x", title="")
    with pytest.raises(ItemRefused, match="external_id"):
        save_item(title="x")


@pytest.mark.django_db
def test_nothing_to_save_is_nothing_done(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        assert save_items([]) == SaveReport()
    assert callbacks == []


@pytest.mark.django_db
def test_a_thousand_items_cost_as_many_queries_as_one(django_assert_num_queries):
    save_items([row("first", attributes={"n": 1})])
    for count in (1, 1_000):
        # Attributes; the items; and the savepoint around them.
        with django_assert_num_queries(4):
            save_items([row(f"{count}-{number}", attributes={"n": number}) for number in range(count)])


@pytest.mark.usefixtures("committed_db")
def test_changes_are_announced_once_after_the_commit_and_nothing_else_is(announcements):
    with transaction.atomic():
        save_items([row("a"), row("b")])
        assert announcements == []
    assert announcements == [Item]
    save_items([row("a"), row("b")])
    assert announcements == [Item]
    delete_item(Item.objects.get(external_id="a"))
    assert announcements == [Item, Item]
    with transaction.atomic():
        save_items([row("c")])
        transaction.set_rollback(True)
    assert announcements == [Item, Item]


@pytest.mark.django_db
def test_the_database_keeps_the_hash_in_step_with_what_is_embedded():
    hashes = [save_item(**row("a")).content_hash]
    for change in ({"title": "B"}, {"body": "b"}, {"category": "c"}, {"attributes": {"n": 1}}, {"language": "en"}):
        hashes.append(save_item(**(row("a") | change)).content_hash)
    assert len(set(hashes)) == len(hashes)
    assert save_item(**row("a")).content_hash == hashes[0]
    assert save_item(**row("b", title="A")).content_hash == hashes[0]


@pytest.mark.django_db
def test_text_moved_from_one_field_to_another_has_another_hash():
    assert save_item(**row("a", body="xy", category="z")).content_hash != (
        save_item(**row("b", title="A", body="x", category="yz")).content_hash
    )


@pytest.mark.django_db
def test_saved_items_wait_to_be_embedded_and_unchanged_ones_do_not_again():
    version = make_version()
    item = save_item(**row("a"))
    states = EmbeddingState.objects.of(version)
    assert list(states.values_list("item_id", "state")) == [(item.pk, "pending")]
    states.update(state="done")
    save_item(**row("a"))
    assert states.get().state == "done"
    save_item(**row("a", body="new"))
    assert states.get().state == "pending"
    save_item(**row("a", published=False))
    assert not states.exists()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30).map(composed)
VALUES = st.one_of(TEXT, st.lists(TEXT, max_size=3))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=TEXT, body=TEXT, values=st.dictionaries(st.sampled_from("abc"), VALUES), published=st.booleans())
def test_what_is_saved_is_what_was_given_and_a_second_time_changes_nothing(db, title, body, values, published):
    given_row = row("x", title=f"T{title}", body=body, attributes=values, published=published)
    item = save_item(**given_row)
    assert item.title == composed(f"T{title}".strip())
    assert item.body == body.strip()
    assert item.attributes == values
    assert item.published == published
    assert save_items([given_row]) == SaveReport(unchanged=1)


def save_shuffled(seed):
    """Save the same items, each with new attributes, in a different order."""
    generator = random.Random(seed)
    try:
        for turn in range(8):
            rows = [row(f"item-{n}", body=f"{seed}-{turn}", attributes={f"{turn}-{n}": "x"}) for n in range(40)]
            generator.shuffle(rows)
            assert save_items(rows).refusals == ()
    finally:
        connection.close()


@pytest.mark.usefixtures("committed_db")
def test_writers_of_the_same_items_in_any_order_wait_for_each_other_and_never_deadlock():
    make_version()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(save_shuffled, range(4)))
    assert Item.objects.count() == 40
    assert Attribute.objects.count() == 8 * 40
    assert len(set(Item.objects.values_list("body", flat=True))) == 1


@pytest.mark.usefixtures("committed_db")
def test_those_who_delete_items_wait_for_those_who_save_them_and_never_deadlock():
    save_items([row("b")])
    save_items([row("a")])  # rows are found in the order of their ids unless the statement says otherwise
    with transaction.atomic():
        save_items([row("a", body="new")])
        deleting = waiting_for_this(delete_items, ["a", "b"])
        save_items([row("b", body="new")])
    assert deleting.result() == 2
    assert not Item.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_an_item_that_somebody_deletes_as_soon_as_it_is_saved_is_returned_as_it_was_saved():
    def delete(sender, **_):
        items_changed.disconnect(delete)
        delete_items(["a"])

    items_changed.connect(delete)
    assert save_item(**row("a")).title == "A"
    assert not Item.objects.exists()
