"""Quoted phrases and words with a minus sign: how they are parsed, and that every hit obeys them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.errors import InvalidQuery
from catalog.models import Attribute
from catalog.search import SearchQuery, search
from catalog.search.holding import HOLDS_TERM, WORDS_LOOKED_UP, conditions_of, written_together
from catalog.search.operators import MAX_OPERATORS, Operators, Phrase, read_operators
from catalog.search.suggest import suggest
from tests.factories import add_passages, make_item, make_items, make_rule, make_version

EAST = (1.0, 0.0, 0.0)


def phrases(operators: Operators) -> list[str]:
    return [phrase.text for phrase in operators.phrases]


def excluded(operators: Operators) -> list[str]:
    return [phrase.text for phrase in operators.excluded]


@pytest.mark.parametrize(
    ("text", "left", "held", "not_held"),
    [
        ("lonely robot", "lonely robot", [], []),
        ('"Blade Runner" robot', "Blade Runner robot", ["Blade Runner"], []),
        ("“blade runner” «iron heart»", "blade runner iron heart", ["blade runner", "iron heart"], []),
        ("robot -war", "robot", [], ["war"]),
        ('robot -"iron heart"', "robot", [], ["iron heart"]),
        ("-war -peace", "", [], ["war", "peace"]),
        ('("blade runner")', "(blade runner )", ["blade runner"], []),
        ('monitor 27" 5"', 'monitor 27" 5"', [], []),
        ('"blade runn', '"blade runn', [], []),
        ("ab-1234 wi-fi", "ab-1234 wi-fi", [], []),
        ("-5 degrees", "-5 degrees", [], []),
        ("war - peace", "war - peace", [], []),
        ("ls --all", "ls --all", [], []),
        ('"..." robot', "robot", [], []),
        ("drill -ab-1234", "drill", [], ["ab-1234"]),
    ],
)
def test_quotes_and_minus_signs_are_taken_from_the_text(text, left, held, not_held):
    operators = read_operators(text)
    assert " ".join(operators.text.split()) == left
    assert phrases(operators) == held
    assert excluded(operators) == not_held


@pytest.fixture
def films(db):
    version = make_version()
    made = {
        "runner": make_item("runner", title="Blade Runner", body="A detective hunts robots."),
        "apart": make_item("apart", title="The runner", body="He sharpens a blade, and robots fight a war."),
        "body": make_item("body", title="Later", body="Much like BLADE-RUNNER. And not to be. Or to be."),
        "wars": make_item("wars", title="Star wars", body="Robots."),
        "far": make_item("far", title="Hamlet", body="To be, or not to be."),
    }
    add_passages(version, {item.pk: [[1, 0, 0]] for item in made.values()})
    return made


def names(results) -> set[str]:
    return {hit.item.external_id for hit in results.hits}


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_every_hit_holds_the_phrase_whichever_leg_found_it(films, ratio):
    results = search(SearchQuery(text='"blade runner"', vector=EAST if ratio else None, semantic_ratio=ratio))
    assert names(results) == {"runner", "body"}
    assert results.total == results.close_total == 2


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_no_hit_holds_what_is_excluded_in_any_form(films, ratio):
    results = search(SearchQuery(text="robots -war", vector=EAST if ratio else None, semantic_ratio=ratio))
    assert not names(results) & {"apart", "wars"}
    assert "runner" in names(results)
    assert results.total == len(results.hits)


def test_an_excluded_phrase_leaves_items_that_hold_its_words_apart(films):
    results = search(SearchQuery(text='robots -"blade runner"', semantic_ratio=0))
    assert names(results) == {"apart", "wars"}


def test_phrases_do_not_go_from_one_field_to_the_next(db):
    make_item("split", title="Blade", body="runner")
    assert search(SearchQuery(text='"blade runner"', semantic_ratio=0)).total == 0


def test_a_quoted_word_is_held_in_that_form_alone(films):
    assert names(search(SearchQuery(text='"war"', semantic_ratio=0))) == {"apart"}


def test_words_of_a_phrase_are_not_corrected(films):
    results = search(SearchQuery(text='"detectiwe"', semantic_ratio=0))
    assert results.total == 0
    assert results.correction is None
    assert search(SearchQuery(text="detectiwe", semantic_ratio=0)).correction is not None


def test_stop_words_are_part_of_a_phrase(films):
    assert names(search(SearchQuery(text='"hunts robots" "a detective"', semantic_ratio=0))) == {"runner"}
    assert search(SearchQuery(text='"the detective"', semantic_ratio=0)).total == 0


def test_a_phrase_of_stop_words_alone_is_looked_for_in_titles(films):
    make_item("title", title="To Be or Not to Be", body="A comedy.")
    assert names(search(SearchQuery(text='"to be or not to be"', semantic_ratio=0))) == {"title"}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('"amelie poulain"', "Amélie Poulain"),
        ('"AMÉLIE"', "Amelie"),
        ('"東京物語"', "東京物語の夜"),
        ('"ab-1234"', "Drill AB 1234"),
        ('"12.5 v"', "Drill 12.5 V"),
        ('"l\'atalante"', "L’Atalante"),
    ],
)
def test_case_accents_and_signs_do_not_count_in_phrases(db, text, title):
    make_items([{"external_id": "meant", "title": title}, {"external_id": "other", "title": "Poulain, Amélia"}])
    assert names(search(SearchQuery(text=text, semantic_ratio=0))) == {"meant"}


TWENTY_WORDS = (
    "captain sails across seven stormy northern oceans while hungry sailors dream about"
    " golden harbours, warm bread, cheerful music, quiet gardens, sunshine, and home"
)


def test_all_words_of_a_long_phrase_count(db):
    make_item("meant", title="Log", body=f"One {TWENTY_WORDS}.")
    make_item("other", title="Log", body=f"One {TWENTY_WORDS.replace('bread', 'toast')}.")
    assert len(TWENTY_WORDS.split()) > 2 * WORDS_LOOKED_UP
    for phrase, name in ((TWENTY_WORDS, "meant"), (TWENTY_WORDS.replace("bread", "toast"), "other")):
        assert names(search(SearchQuery(text=f'"{phrase}"', semantic_ratio=0))) == {name}
    assert names(search(SearchQuery(text=f'log -"{TWENTY_WORDS}"', semantic_ratio=0))) == {"other"}


@pytest.mark.parametrize(("phrase", "conditions"), [("ab " * 600, 1), (TWENTY_WORDS, WORDS_LOOKED_UP)])
def test_few_words_of_a_phrase_are_looked_up(db, phrase, conditions):
    wanted = conditions_of(read_operators(f'"{phrase}"'), None).wanted
    assert wanted is not None
    assert wanted.sql.count(HOLDS_TERM) == conditions
    with CaptureQueriesContext(connection) as queries:
        written_together(Phrase(text=phrase))
    assert sum(query["sql"].count("FROM catalog_posting") for query in queries) == conditions


@pytest.mark.parametrize("word", ["-no{}", '"no{}"', '-"no{} thing"'])
def test_a_query_has_a_limited_number_of_operators(films, word):
    words = [word.format("x" * number) for number in range(MAX_OPERATORS + 1)]
    search(SearchQuery(text=" ".join([*words[1:], words[1]]), semantic_ratio=0))
    with pytest.raises(InvalidQuery) as refused:
        search(SearchQuery(text=" ".join(words), semantic_ratio=0))
    assert (refused.value.field, refused.value.code) == ("q", "too_many_operators")
    search(SearchQuery(text=" ".join(words), semantic_ratio=0, operators=False))


def test_without_words_to_look_for_the_rest_of_the_catalogue_is_browsed(films):
    results = search(SearchQuery(text="-war"))
    assert names(results) == {"runner", "body", "far"}
    assert results.total == 3


def test_facets_pages_and_filters_agree_with_the_operators(films):
    Attribute.objects.create(name="shelf", kind=Attribute.Kind.TEXT)
    for number, name in enumerate(("runner", "body", "apart")):
        films[name].attributes = {"shelf": "a" if number else "b"}
        films[name].save()
    results = search(SearchQuery(text='"blade runner"', semantic_ratio=0, facets=("shelf",), limit=1))
    assert {value.value: value.count for value in results.facets["shelf"]} == {"a": 1, "b": 1}
    assert results.total == 2
    second = search(SearchQuery(text='"blade runner"', semantic_ratio=0, limit=1, offset=1))
    assert names(results) | names(second) == {"runner", "body"}
    filtered = search(SearchQuery(text='"blade runner"', filter='shelf = "a"', semantic_ratio=0))
    assert names(filtered) == {"body"}
    assert search(SearchQuery(text='robots -"blade runner"', filter='shelf = "a"', semantic_ratio=0)).total == 1


def test_the_phrase_is_shown_and_marked_as_one(films):
    results = search(SearchQuery(text='"blade runner"', vector=EAST))
    marked = {
        hit.item.external_id: [part.text for part in (*hit.title_parts, *hit.passage.parts) if part.word]
        for hit in results.hits
        if hit.passage is not None
    }
    assert marked == {"runner": ["Blade Runner"], "body": ["BLADE-RUNNER"]}


def test_rules_go_by_the_words_that_are_looked_for_and_pin_nothing_that_is_excluded(films):
    pins = [{"item": "wars", "position": 1}, {"item": "far", "position": 1}]
    make_rule("Robots", condition="contains", queries="robots", pins=pins)
    make_rule("War", condition="contains", queries="war", pins=[{"item": "body", "position": 1}])
    results = search(SearchQuery(text="robots -war", semantic_ratio=0))
    assert [hit.item.external_id for hit in results.hits if hit.pinned] == ["far"]


def test_without_operators_quotes_and_minus_signs_are_prose(films):
    results = search(SearchQuery(text='robots -war "blade runner"', semantic_ratio=0, operators=False))
    assert {"apart", "wars", "runner"} <= names(results)
    assert not results.operators


def test_suggestions_complete_the_words_that_are_looked_for(films):
    assert [suggestion.text for suggestion in suggest("blade -wa")] == ["Blade Runner"]
    assert [suggestion.text for suggestion in suggest('"blade run')] == ["Blade Runner"]
