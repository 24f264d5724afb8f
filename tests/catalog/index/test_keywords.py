"""The keyword index: exact counts under concurrent writers, words as they are written, and rebuilding."""

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.index import keywords
from catalog.index.keywords import built_settings, fold_term_counts, rebuild_keywords, wanted_settings
from catalog.items.saving import delete_item, save_item
from catalog.models import Item, Posting, TermCount, TermDelta
from tests.catalog.search.test_lexical import found
from tests.databases import connect
from tests.factories import make_item, make_items


def counted():
    """Term counts including what is not folded in yet, without those that came to zero."""
    totals: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for model in (TermCount, TermDelta):
        for term, documents, tokens in model.objects.values_list("term", "documents", "tokens"):
            totals[term][0] += documents
            totals[term][1] += tokens
    return {term: tuple(total) for term, total in totals.items() if any(total)}


def counted_from_items():
    totals: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    items = set()
    for term, item_id, frequency in Posting.objects.values_list("term", "item_id", "frequency"):
        for key in (term, ""):
            totals[key][1] += frequency
        totals[term][0] += 1
        items.add(item_id)
    totals[""][0] = len(items)
    for language in Item.objects.filter(pk__in=items).values_list("language", flat=True):
        totals[f" {language}"][0] += 1
    return {term: tuple(total) for term, total in totals.items() if any(total)}


def test_counts_follow_changes_deletes_and_unpublishing_exactly(three_items):
    make_item("whale", title="Whale", body="ship ship")
    make_item("voyage", title="Voyage", published=False)
    assert counted() == counted_from_items()
    assert set(found("ship")) == {"whale"}
    make_item("voyage", title="Voyage", body="ship")
    assert set(found("ship")) == {"whale", "voyage"}
    for item in Item.objects.all():
        delete_item(item)
    assert counted() == {}
    assert not Posting.objects.exists()
    fold_term_counts()
    assert found("ship") == {}


def test_bulk_statements_are_counted_as_well(three_items):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_item SET body = body || ' anchor', category = 'Sea' WHERE title <> 'Kitchen'")
        assert counted() == counted_from_items()
        assert set(found("anchor")) == {"whale", "voyage"}
        cursor.execute("UPDATE catalog_item SET published = (title = 'Kitchen')")
        assert counted() == counted_from_items()
        cursor.execute("DELETE FROM catalog_item")
    assert counted() == {}


def test_a_change_of_what_is_not_indexed_leaves_the_index_alone(three_items):
    fold_term_counts()
    Item.objects.update(updated_at="2020-01-01T00:00Z")
    assert not TermDelta.objects.exists()


def write_items(writer):
    """Create, change, unpublish and delete items over this thread's own connection, folding in between."""
    try:
        for number in range(6):
            name = f"{writer}-{number}"
            save_item(external_id=name, title=f"Common {name}", body="shared words " * number)
            save_item(external_id=name, title=f"Common changed {name}", published=number % 3 != 0)
            if number % 2:
                Item.objects.filter(external_id=name).delete()
            fold_term_counts()
    finally:
        connection.close()


@pytest.mark.usefixtures("committed_db")
def test_concurrent_writers_and_folders_keep_the_counts_exact():
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write_items, "abcd"))
    assert counted() == counted_from_items()
    while fold_term_counts():
        pass
    assert not TermDelta.objects.exists()
    assert counted() == counted_from_items()


@pytest.mark.usefixtures("committed_db")
def test_changes_that_are_not_committed_are_neither_counted_nor_folded_nor_lost():
    make_item("before", title="Whale")
    with connect() as other:
        other.execute(
            "INSERT INTO catalog_item (external_id, title, body, category, attributes, image, language, published,"
            " created_at, updated_at) VALUES ('other', 'Whale', '', '', '{}', '', '', true, now(), now())"
        )
        fold_term_counts()
        assert TermCount.objects.get(term="whale").documents == 1
        other.commit()
    assert counted()["whale"] == (2, 4.0)
    fold_term_counts()
    assert TermCount.objects.get(term="whale").documents == 2


@pytest.mark.usefixtures("committed_db")
def test_of_two_folders_the_second_leaves():
    make_item("x", title="Whale")
    with connect() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [keywords.FOLD_LOCK])
        assert fold_term_counts() == 0
        assert TermDelta.objects.exists()
        other.rollback()
        assert fold_term_counts() > 0


def test_folding_in_small_batches_comes_to_the_same(three_items, monkeypatch):
    expected = counted()
    monkeypatch.setattr(keywords, "FOLD_BATCH_ROWS", 2)
    fold_term_counts()
    assert not TermDelta.objects.exists()
    assert counted() == expected


def words():
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM catalog_word ORDER BY word")
        return [word for (word,) in cursor.fetchall()]


def test_words_are_kept_as_they_are_written_once_each(db):
    make_items([{"external_id": name, "title": "Running Amélie", "body": "2001 running x"} for name in "abc"])
    assert words() == ["amelie", "running"]


def test_built_anew_the_index_is_the_same(three_items):
    make_item("german", title="Häuser am See", language="de")
    Item.objects.filter(external_id="kitchen").update(published=False)
    before, postings = counted(), set(Posting.objects.values_list())
    rebuild_keywords()
    assert counted() == before == counted_from_items()
    assert set(Posting.objects.values_list()) == postings
    assert words() == sorted(["whale", "voyage", "ship", "harbour", "hauser", "see"])
    make_item("new", title="Whale song")
    assert counted() == counted_from_items()


def test_built_anew_the_index_follows_the_settings(three_items, settings):
    settings.KEYWORD_TITLE_WEIGHT, settings.KEYWORD_BODY_WEIGHT, settings.DEFAULT_LANGUAGE = 5.0, 0.0, "de"
    call_command("rebuild_keywords")
    assert built_settings() == wanted_settings()
    assert set(found("whale")) == {"whale"}
    assert Posting.objects.get(term="whal").frequency == 5
    assert Posting.objects.filter(item_id=three_items["voyage"]).count() == 1


def test_a_check_tells_that_settings_wait_for_a_rebuild(three_items, settings, capsys):
    settings.KEYWORD_TITLE_WEIGHT = 7.0
    call_command("check", "--database", "default")
    assert "manage.py rebuild_keywords" in capsys.readouterr().err
    rebuild_keywords()
    call_command("check", "--database", "default")
    assert "rebuild_keywords" not in capsys.readouterr().err


def rebuild_in_a_thread():
    try:
        rebuild_keywords()
    finally:
        connection.close()


@pytest.mark.usefixtures("committed_db")
def test_searches_read_the_old_index_until_the_new_one_and_its_counts_are_ready():
    make_item("x", title="Whale")
    with connect() as folder, ThreadPoolExecutor(1) as threads:
        # The rebuild waits for this right once it has built everything.
        folder.execute("SELECT pg_advisory_xact_lock(%s)", [keywords.FOLD_LOCK])
        rebuild = threads.submit(rebuild_in_a_thread)
        with connect() as observer:
            observer.autocommit = True
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            deadline = time.monotonic() + 20
            while observer.execute(waiting).fetchone() == (0,):
                assert not rebuild.done()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        assert set(found("whale")) == {"x"}
        folder.rollback()
        rebuild.result()
    assert set(found("whale")) == {"x"}
    assert counted() == counted_from_items()


@pytest.mark.parametrize(
    ("change", "reads"),
    [
        ('attributes = \'{"price": 4, "colour": "red"}\'', False),
        ("image = 'https://example.com/x.png'", False),
        ('attributes = \'{"price": 5, "colour": "blue"}\'', True),
        ("title = 'Shark'", True),
        ("body = 'Deep'", True),
        ("category = 'Fish'", True),
        ("language = 'de'", True),
        ("published = false", True),
    ],
)
@pytest.mark.django_db
def test_an_update_reads_the_words_of_an_item_only_if_they_may_have_changed(change, reads):
    make_item("x", title="Whale", attributes={"price": 5, "colour": "red"})
    fold_term_counts()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE catalog_item SET {change}")
    assert TermDelta.objects.exists() == reads
    assert counted() == counted_from_items()
