"""Filters as SQL, compared with a plain evaluation of the same filter."""

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Item
from catalog.search.filters import Condition, FilterError, Value
from catalog.search.predicates import predicate
from tests.catalog.search.filter_trees import meets, trees
from tests.factories import make_item, make_items

pytestmark = pytest.mark.django_db

GENRES = ["Drama", "drama", "Sci-Fi", "a \"b\" 'c' \\d", "日本 🎬", "", "1990"]
NUMBERS = [-1, 0, 0.1, 1.5, 1990, 2001, 2**53, 1e300]
ITEMS: list[dict[str, Any]] = [
    {},
    {"genres": []},
    {"genres": ["Drama", "Sci-Fi"], "year": 1990, "seen": True, "director": "Drama"},
    {"genres": ["drama"], "year": 2001, "seen": False},
    {"genres": ["日本 🎬", GENRES[3]], "year": -1, "director": GENRES[3]},
    {"genres": "Drama", "year": 0.1, "director": "日本 🎬"},
    {"genres": ["", "1990"], "year": 1e300, "director": "1990"},
    {"year": 0, "seen": True, "director": ""},
    {"year": 2**53, "a strange name": "Drama"},
    {"year": 1.5, "a strange name": "%s {0} %(x)s"},
]


def quoted(texts):
    return st.sampled_from(texts).map(lambda text: Value(text=text))


def bare(values):
    return st.sampled_from(values).map(lambda value: Value(text=str(value).lower(), quoted=False))


def conditions(fields, values, operators):
    return st.one_of(
        st.builds(Condition, field=fields, operator=st.sampled_from(operators), values=st.tuples(values)),
        st.builds(
            Condition, field=fields, operator=st.just("in"), values=st.lists(values, min_size=1, max_size=3).map(tuple)
        ),
        st.builds(Condition, field=fields, operator=st.just("exists")),
    )


TEXTS = conditions(
    st.sampled_from(["genres", "director", "a strange name"]), quoted(GENRES), ["=", "<", "<=", ">", ">="]
)
COMPARED = conditions(st.just("year"), bare(NUMBERS), ["=", "<", "<=", ">", ">="])
BETWEEN = st.builds(
    Condition, field=st.just("year"), operator=st.just("between"), values=st.tuples(bare(NUMBERS), bare(NUMBERS))
)
TRUTH = conditions(st.just("seen"), bare([True, False]), ["="])


@pytest.fixture
def items(db):
    return make_items([{"external_id": str(number), "attributes": given} for number, given in enumerate(ITEMS)])


def found_by(wanted):
    compiled = predicate(wanted)
    assert compiled is not None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT external_id FROM catalog_item WHERE {compiled.sql}", compiled.parameters)
        by_position = {external_id for (external_id,) in cursor.fetchall()}
        sql, parameters = compiled.named()
        cursor.execute(f"SELECT external_id FROM catalog_item WHERE {sql}", parameters)
        assert {external_id for (external_id,) in cursor.fetchall()} == by_position
        if compiled.facts is not None:
            cursor.execute(compiled.facts.sql, compiled.facts.parameters)
            ids = [item_id for (item_id,) in cursor.fetchall()]
            assert len(ids) == len(set(ids))
            assert set(Item.objects.filter(pk__in=ids).values_list("external_id", flat=True)) == by_position
    return by_position


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees(st.one_of(TEXTS, COMPARED, BETWEEN, TRUTH)))
def test_sql_finds_what_a_plain_reading_of_the_filter_finds(items, tree):
    assert found_by(tree) == {str(number) for number, given in enumerate(ITEMS) if meets(given, tree)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year = 1990.0", {"2"}),
        ("year = 1e300", {"6"}),
        ("year = 9007199254740992", {"8"}),
        ("year 0 TO 1.5", {"5", "7", "9"}),
        ("year 5 TO 1", set()),
        ("genres = Drama", {"2", "5"}),
        ("genres = 1990", {"6"}),
        ("seen = TRUE", {"2", "7"}),
        ("seen != true AND seen EXISTS", {"3"}),
        ("director NOT EXISTS AND genres EXISTS", {"3"}),
        ("NOT (genres EXISTS OR year EXISTS)", {"0", "1"}),
        ("\"a strange name\" = '%s {0} %(x)s'", {"9"}),
    ],
)
def test_filters_as_people_write_them(items, text, expected):
    assert found_by(text) == expected


def test_category_language_and_external_id_are_texts_to_be_equal_to(db):
    make_item("one", category="Drama", language="en")
    make_item("two", category="War")
    assert found_by("category = Drama") == {"one"}
    assert found_by("language EXISTS") == {"one"}
    assert found_by("external_id IN [one, two] AND category != Drama") == {"two"}
    with pytest.raises(FilterError, match="category is a text"):
        predicate("category > Drama")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('category = ""', {"two"}),
        ('category IN ["", Drama]', {"one", "two"}),
        ('year = 1990 AND category != ""', {"one"}),
        ('year = 1990 AND NOT (language = "" AND category = Drama)', {"two"}),
    ],
)
def test_what_has_no_category_or_language_is_found_by_an_empty_one(db, text, expected):
    make_item("one", category="Drama", attributes={"year": 1990})
    make_item("two", attributes={"year": 1990})
    assert found_by(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("password__startswith = x", 0, "Unknown field “password__startswith”"),
        ("year = 1 AND _connector = OR", 13, "Unknown field “_connector”"),
        ("id = 1", 0, "Unknown field “id”"),
        ("published = true", 0, "Unknown field"),
        ("year = old", 7, "year is a number"),
        ('year = "1990"', 7, "year is a number"),
        ("year > true", 7, "year is a number"),
        ("seen = 1", 7, "seen is true or false"),
        ("seen > true", 0, "seen is true or false"),
    ],
)
def test_fields_and_values_that_do_not_exist_are_refused_at_their_place(items, text, position, message):
    with pytest.raises(FilterError, match=message) as caught:
        predicate(text)
    assert caught.value.position == position
    assert caught.value.expected


@pytest.mark.parametrize(
    "attack",
    [
        "'; DROP TABLE catalog_item; --",
        "' OR '1'='1",
        "\"}'::jsonb OR true --",
        '$.** ? (@ like_regex "(a+)+$")',
        "%s %(filter_0)s {within} {distance}",
        "\\'; SELECT pg_sleep(30); --",
    ],
)
def test_a_value_or_name_is_never_read_as_sql(items, attack):
    assert found_by(Condition(field="director", operator="=", values=(Value(text=attack),))) == set()
    assert found_by(Condition(field="director", operator=">=", values=(Value(text=attack),))) <= set(items)
    with pytest.raises(FilterError, match="Unknown field"):
        predicate(Condition(field=attack, operator="exists"))
    make_item("attack", attributes={attack[:90]: attack})
    assert found_by(Condition(field=attack[:90], operator="=", values=(Value(text=attack),))) == {"attack"}
    assert found_by(Condition(field=attack[:90], operator=">=", values=(Value(text=attack),))) == {"attack"}
    assert Item.objects.count() == len(ITEMS) + 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("genres = Drama", True),
        ("year >= 1990 AND NOT genres = Drama", True),
        ("category = War OR language = en", True),
        ("year 0 TO 5 AND (seen = true OR NOT director EXISTS)", True),
        ("NOT genres = Drama", False),
        ("external_id = one AND year = 1990", False),
        ("(genres = Drama AND year = 1990) OR seen = true", False),
    ],
)
def test_the_facts_tell_where_a_condition_can_lead(items, text, told):
    compiled = predicate(text)
    assert compiled is not None
    assert (compiled.facts is not None) == told


def test_a_long_text_is_equal_to_itself_alone(db):
    long = "x" * 5_000
    make_item("long", attributes={"note": long})
    make_item("longer", attributes={"note": f"{long}y"})
    assert found_by(Condition(field="note", operator="=", values=(Value(text=long),))) == {"long"}


def test_no_filter_is_no_condition(db):
    assert predicate("") is None
    assert predicate(None) is None
