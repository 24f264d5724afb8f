"""The filter language: what it means, its limits, and how it reports mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.filters import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_VALUES,
    And,
    Condition,
    FilterError,
    Not,
    Or,
    Value,
    conjunction,
    disjunction,
    parse,
    selection,
)
from catalog.unicode import composed
from tests.catalog.search.filter_trees import KEYWORDS, NAME, NUMBER, trees, without_positions, written

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(composed)
BARE_WORD = st.from_regex(NAME, fullmatch=True).filter(lambda text: composed(text) == text)
QUOTED = st.builds(Value, text=TEXT, quoted=st.just(True))
BARE = st.builds(Value, text=BARE_WORD, quoted=st.just(False))
NUMBERS = st.builds(Value, text=st.from_regex(NUMBER, fullmatch=True), quoted=st.just(False))
FIELDS = st.one_of(BARE_WORD, TEXT, st.sampled_from(sorted(KEYWORDS)))
CONDITIONS = st.one_of(
    st.builds(
        Condition,
        field=FIELDS,
        operator=st.sampled_from(["=", "<", "<=", ">", ">="]),
        values=st.tuples(st.one_of(QUOTED, BARE, NUMBERS)),
    ),
    st.builds(
        Condition,
        field=FIELDS,
        operator=st.just("in"),
        values=st.lists(st.one_of(QUOTED, BARE, NUMBERS), min_size=1, max_size=4).map(tuple),
    ),
    st.builds(Condition, field=FIELDS, operator=st.just("between"), values=st.tuples(NUMBERS, NUMBERS)),
    st.builds(Condition, field=FIELDS, operator=st.just("exists")),
)


def parsed(text):
    found = parse(text)
    assert found is not None
    return without_positions(found)


def mistake_in(text):
    try:
        parse(text)
    except FilterError as error:
        return error
    return None


def condition(field, operator, *values):
    given_values = tuple(
        Value(text=value, quoted=True) if isinstance(value, str) else Value(text=str(value), quoted=False)
        for value in values
    )
    return Condition(field=field, operator=operator, values=given_values)


@given(trees(CONDITIONS))
def test_a_filter_written_out_is_read_back_as_it_was(tree):
    text = written(tree)
    if len(text) <= MAX_CHARACTERS:
        assert parsed(text) == tree


@given(st.text())
def test_any_text_is_read_or_refused_at_a_place_within_it(text):
    error = mistake_in(text)
    assert error is None or 0 <= error.position <= len(text)


@given(st.lists(st.sampled_from(["a", "(", ")", "[", "]", ",", "=", "!=", "not", "and", "or", "in", "1", '"x"', "to"])))
def test_any_row_of_words_of_the_language_is_read_or_refused(words):
    error = mistake_in(" ".join(words))
    assert error is None or error.expected or "at most" in str(error)


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_an_empty_filter_asks_for_nothing(text):
    assert parse(text) is None


def test_not_binds_more_strongly_than_and_and_and_than_or():
    expected = Or(
        parts=(
            condition("a", "=", 1),
            And(parts=(Not(part=condition("b", "=", 2)), condition("c", "=", 3))),
        )
    )
    assert parsed("a = 1 OR NOT b = 2 AND c = 3") == expected


def test_parentheses_change_what_belongs_together():
    expected = And(parts=(Or(parts=(condition("a", "=", 1), condition("b", "=", 2))), condition("c", "=", 3)))
    assert parsed("(a = 1 or b = 2) and c = 3") == expected


def test_the_negative_forms_are_the_negation_of_the_positive_ones():
    assert parsed("a != 1") == parsed("NOT a = 1")
    assert parsed("a NOT IN [1, 2]") == parsed("NOT a IN [1, 2]")
    assert parsed("a NOT EXISTS") == parsed("NOT a EXISTS")


@pytest.mark.parametrize(
    ("written_value", "text"),
    [
        (r'"say \"hi\""', 'say "hi"'),
        (r"'it\'s'", "it's"),
        (r'"C:\\films"', r"C:\films"),
        (r'"\\"', "\\"),
        ('"two\nlines"', "two\nlines"),
        ('"日本 🎬 עברית"', "日本 🎬 עברית"),
        ('""', ""),
        ('"a = 1) OR (b"', "a = 1) OR (b"),
    ],
)
def test_quotes_hold_any_text(written_value, text):
    assert parsed(f"a = {written_value}") == condition("a", "=", text)


@pytest.mark.parametrize(
    "word", ["Comedy", "not-for-sale", "in-stock", "orange", "tomorrow", "größe", "日本", "_connector"]
)
def test_words_and_fields_need_no_quotes_even_where_they_begin_like_a_word_of_the_language(word):
    bare = Value(text=word, quoted=False)
    assert parsed(f"{word} = {word} AND {word} EXISTS") == And(
        parts=(
            Condition(field=word, operator="=", values=(bare,)),
            Condition(field=word, operator="exists"),
        )
    )


@pytest.mark.parametrize("text", ["me\u0301tier = E\u0301te\u0301", '"me\u0301tier" IN ["E\u0301te\u0301"]'])
def test_names_and_values_are_read_composed_as_items_have_them(text):
    assert parsed(text) in [
        Condition(field="métier", operator=operator, values=(Value(text="Été", quoted=quoted),))
        for operator, quoted in (("=", False), ("in", True))
    ]


def test_ids_are_read_as_they_are():
    assert parsed('external_id = "e\u0301"') == condition("external_id", "=", "e\u0301")


def test_a_field_in_quotes_may_have_any_name():
    assert parsed('"Release date" 1990 TO 2000') == condition("Release date", "between", 1990, 2000)
    assert parsed("'not' = 1") == condition("not", "=", 1)


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("year = ", 7, "a number"),
        ("year", 4, "EXISTS"),
        ("year == 1", 6, "a number"),
        ("(year = 1", 9, ")"),
        ("year = 1)", 8, "the end"),
        ("year = 1 AND", 12, "a field"),
        ("year IN []", 9, "a quoted text"),
        ("year IN [1 2]", 11, "a comma"),
        ("year 1 TO", 9, "a number"),
        ("year _connector x", 5, "="),
        ("year = 1; DROP TABLE catalog_item", 8, "AND"),
        ("title = 'unclosed", 8, "a quoted text"),
        ("year = 1957-01-01", 11, "AND"),
        ("year = 🎬", 7, "a number"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(text, position, expected):
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.position == position
    assert expected in caught.value.expected
    assert caught.value.field == "filter"


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_characters_that_no_text_has_are_refused_at_their_place(character):
    with pytest.raises(FilterError) as caught:
        parse(f'a = "{character}"')
    assert caught.value.position == 5


def test_length_is_bounded():
    assert parse("a = " + "1" * (MAX_CHARACTERS - 4)) is not None
    with pytest.raises(FilterError, match="4,000 characters"):
        parse("a = " + "1" * (MAX_CHARACTERS - 3))


def test_nesting_is_bounded_and_idle_parentheses_are_not():
    assert parse("NOT " * (MAX_DEPTH - 1) + "a = 1") is not None
    with pytest.raises(FilterError, match="20 deep"):
        parse("NOT " * MAX_DEPTH + "a = 1")
    with pytest.raises(FilterError, match="20 deep"):
        parse("NOT " * 900 + "a = 1")
    assert parsed("(" * 1_900 + "a = 1" + ")" * 1_900) == condition("a", "=", 1)


def test_the_number_of_values_is_bounded_and_commas_in_texts_are_not():
    assert parse(f"a IN [{','.join('1' * MAX_VALUES)}]") is not None
    with pytest.raises(FilterError, match="200 values"):
        parse(f"a IN [{','.join('1' * (MAX_VALUES + 1))}]")
    with pytest.raises(FilterError, match="200 values"):
        parse(" OR ".join(["a=1"] * (MAX_VALUES + 1)))
    assert parsed(f'a = "{"(NOT," * 500}"') == condition("a", "=", "(NOT," * 500)


def test_the_choices_of_a_form_are_any_of_the_values_of_each_field_and_open_ranges():
    chosen = selection({"genres": ["Drama", "War"], "country": []}, {"year": (1990.0, None), "rating": (None, 4.5)})
    assert chosen == And(
        parts=(
            Condition(
                field="genres",
                operator="in",
                values=(Value(text="Drama", quoted=False), Value(text="War", quoted=False)),
            ),
            Condition(field="year", operator=">=", values=(Value(text="1990", quoted=False),)),
            Condition(field="rating", operator="<=", values=(Value(text="4.5", quoted=False),)),
        )
    )


def test_a_range_of_a_form_keeps_all_digits():
    chosen = selection({}, {"votes": (1_234_567.0, None)})
    assert isinstance(chosen, Condition)
    assert float(chosen.values[0].text) == 1_234_567


def test_filters_are_joined_without_those_that_ask_for_nothing():
    one, other = condition("a", "=", 1), condition("b", "=", 2)
    assert conjunction(None, one, None) == disjunction(None, one, None) == one
    assert conjunction(one, None, other) == And(parts=(one, other))
    assert disjunction(one, None, other) == Or(parts=(one, other))
    assert conjunction(None) is None
    assert disjunction(None) is None
