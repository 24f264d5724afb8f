"""Which words of a query have synonyms, and which words stand for which."""

import pytest

from catalog.search.synonyms import Synonymous, SynonymTable, folded_words, synonym_table


def found(table: SynonymTable, text: str) -> list[tuple[str, list[str]]]:
    return [
        (" ".join(each.words), [" ".join(words) for words in each.alternatives]) for each in table.synonyms_for(text)
    ]


def test_mutual_synonyms_stand_for_each_other():
    table = synonym_table([(["TV", "television", "telly"], [])])
    assert found(table, "cheap tv") == [("tv", ["television", "telly"])]
    assert found(table, "Télévision!") == [("television", ["tv", "telly"])]
    assert found(table, "radio") == []


def test_a_one_way_synonym_counts_one_way():
    table = synonym_table([(["phone"], ["iphone", "smart phone"])])
    assert found(table, "phone") == [("phone", ["iphone", "smart phone"])]
    assert found(table, "iphone") == []


def test_of_phrases_that_overlap_the_longest_counts():
    table = synonym_table([(["new york city", "nyc"], []), (["new york", "ny"], []), (["york"], ["eboracum"])])
    assert found(table, "new york city hall") == [("new york city", ["nyc"])]
    assert found(table, "in new york now") == [("new york", ["ny"])]
    assert found(table, "york") == [("york", ["eboracum"])]


def test_several_synonyms_of_one_word_are_gathered():
    table = synonym_table([(["film", "movie"], []), (["film"], ["picture", "movie"])])
    assert found(table, "film") == [("film", ["movie", "picture"])]


def test_the_place_of_the_words_is_told():
    (only,) = synonym_table([(["new york"], ["nyc"])]).synonyms_for("A new, York?")
    assert (only.start, only.end, only.words) == (1, 3, ("new", "york"))


@pytest.mark.parametrize(
    ("words", "alternative", "pairs"),
    [
        ("tv", "television", [(2, "television")]),
        ("new york", "big apple", [(2, "big"), (3, "apple")]),
        ("new york city", "nyc", [(2, "nyc"), (3, "nyc"), (4, "nyc")]),
        ("ny", "new york city", [(2, "new"), (2, "york"), (2, "city")]),
        ("new york", "big city apple", [(2, "big"), (3, "city"), (3, "apple")]),
    ],
)
def test_words_are_paired_in_their_order(words, alternative, pairs):
    own = folded_words(words)
    each = Synonymous(start=2, end=2 + len(own), words=own, alternatives=(folded_words(alternative),))
    assert each.pairs() == pairs


def test_without_synonyms_nothing_is_looked_for():
    assert SynonymTable().synonyms_for("anything " * 200) == ()


def test_words_are_compared_without_case_and_accents():
    assert folded_words("  Crème BRÛLÉE, 東京") == ("creme", "brulee", "東", "京")
