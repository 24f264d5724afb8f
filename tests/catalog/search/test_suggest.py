"""Titles and past queries that complete what is being typed, on the demo films."""

from typing import Any

import pytest
from django.db import connection

from catalog.items.saving import save_item
from catalog.models import Item, PopularQuery
from catalog.search.lexical import fold
from catalog.search.queries import MAX_TEXT_CHARACTERS
from catalog.search.suggest import BEGINNING_SQL, HOLDING_SQL, QUERIES_SQL, suggest

pytestmark = pytest.mark.usefixtures("films")


def titles(text, **options):
    return [suggestion.text for suggestion in suggest(text, **options) if suggestion.kind == "item"]


def queries(text, **options):
    return [suggestion.text for suggestion in suggest(text, **options) if suggestion.kind == "query"]


def asked(text, *, searches=10, askers=5):
    PopularQuery.objects.create(folded=fold(text), text=text, searches=searches, askers=askers)


def test_every_film_is_suggested_by_the_beginning_of_its_title():
    for title in Item.objects.values_list("title", flat=True):
        for length in (1, 2, 3, 5, len(title)):
            found = titles(title[:length])
            assert title in found or len(found) == 8, title[:length]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("matr", "The Matrix"),
        ("odyssey sp", "2001: A Space Odyssey"),
        ("19", "1917"),
        ("amelie", "Amélie"),
        ("WALL", "WALL-E"),
        ("it h", "It Happened One Night"),
        ("to be or n", "To Be or Not to Be"),
    ],
)
def test_words_are_completed_wherever_they_stand(typed, expected):
    assert expected in titles(typed)


def test_titles_that_begin_so_come_before_those_that_hold_the_words():
    save_item(external_id="late", title="A very late spring of robots")
    save_item(external_id="early", title="Robots of a very late spring")
    assert titles("robots") == ["Robots of a very late spring", "A very late spring of robots"]


def test_all_words_but_the_last_must_be_whole():
    save_item(external_id="x", title="Zeppelins over Zanzibar")
    assert titles("zeppelins zanz") == ["Zeppelins over Zanzibar"]
    assert titles("zepp zanzibar") == []


@pytest.mark.parametrize(
    "typed", ["", "  ", "!?", "🎬", "%", "_", "\\", "' OR 1=1 --", "':* & |", "x" * 2_000, "(zx+)+$"]
)
def test_what_completes_nothing_suggests_nothing(typed):
    assert titles(typed) == []


@pytest.mark.parametrize("word", ["ab ", "q ", '"ab" ', "-ab "])
def test_a_text_of_any_length_is_answered(word):
    assert suggest(word * 60_000) == []


def test_the_beginning_of_a_text_that_is_too_long_counts():
    beginning = "matrix ".ljust(MAX_TEXT_CHARACTERS)
    assert titles(beginning + "nothing") == titles(beginning) == ["The Matrix"]


def test_a_title_with_signs_of_the_query_language_is_suggested():
    for number, title in enumerate(["Zig's & zag: 'quoted'", "Zig %_\\ zag", "Zig | !zag:*", "ZIG (zag)"]):
        save_item(external_id=f"zig-{number}", title=title)
        assert title in titles(title)
    assert len(titles("zig za")) == 4


def test_no_more_are_suggested_than_asked_for_and_none_twice():
    found = titles("the", limit=10)
    assert len(found) == len(set(found)) == 10
    assert len(titles("the", limit=1)) == 1


def test_unpublished_items_are_not_suggested():
    save_item(external_id="x", title="Zzyzx", published=False)
    assert titles("zzy") == []


def test_suggestions_cost_few_queries(django_assert_num_queries):
    # Past queries, whether there are rules, titles that start with it, titles that contain it, and the items.
    with django_assert_num_queries(5):
        suggest("matr")


def test_queries_that_many_asked_come_before_titles():
    asked("Matrix sequels", searches=4)
    asked("the matrix with subtitles", searches=90)
    asked("matrix explained", searches=7)
    asked("a red pill", searches=100)
    found = suggest("Matri")
    assert [suggestion.kind for suggestion in found] == sorted((row.kind for row in found), reverse=True)
    assert [row.text for row in found[:4]] == [
        *("the matrix with subtitles", "matrix explained", "Matrix sequels"),
        "The Matrix",
    ]


def test_a_suggested_query_leads_to_its_search_and_a_title_to_its_item():
    asked("Matrix & Amélie")
    query, item = suggest("matr", limit=2)
    assert query.address == "/search?q=Matrix+%26+Am%C3%A9lie"
    assert item.item is not None
    assert item.address == item.item.get_absolute_url()


def test_queries_take_at_most_half_of_the_places():
    for number in range(9):
        asked(f"the love story {number}")
    assert [len(queries("the", limit=limit)) for limit in (1, 2, 5, 20)] == [0, 1, 2, 3]
    assert len(suggest("the", limit=5)) == 5


def test_what_too_few_people_asked_is_not_suggested(settings):
    asked("matrix of my own", searches=50, askers=2)
    assert queries("matr") == []
    settings.SUGGEST_MIN_ASKERS = 2
    assert queries("matr") == ["matrix of my own"]


def test_what_is_typed_in_full_is_not_suggested_again():
    asked("Amélie poulain")
    assert queries("amelie pou") == ["Amélie poulain"]
    assert queries("Amelie Poulain") == []


def test_every_kind_of_suggestion_is_read_from_an_index():
    asked("matrix")
    parameters: dict[str, Any] = {"text": "matr", "words": "'matr':*", "read": 500, "limit": 8, "askers": 3}
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in (BEGINNING_SQL, HOLDING_SQL, QUERIES_SQL):
            cursor.execute("EXPLAIN " + statement.format(shown="true"), parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert "item_title_start" in plans[0]
    assert "Index Cond" in plans[0]
    assert "item_title_words" in plans[1]
    assert "popular_words" in plans[2]
    assert "BitmapOr" in plans[2]
