"""The keyword index: BM25 by hand, texts in every script, and counts that stay exact under concurrent writers."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.index.keywords import fold_term_counts, rebuild_keywords
from catalog.models import Item, TermDelta
from catalog.search import lexical, postings
from catalog.search.candidates import find_candidates
from catalog.search.lexical import K1, B, idf, read_words
from catalog.search.queries import MAX_TEXT_CHARACTERS
from tests.factories import make_item, make_items


def found(text, **options):
    """External ids with scores, best first, of the items that contain a word of the query."""
    candidates = find_candidates(words=read_words(text, **options))
    names = dict(Item.objects.values_list("pk", "external_id"))
    pairs = zip(candidates.item_ids.tolist(), candidates.keyword_scores.tolist(), strict=True)
    return {names[item_id]: score for item_id, score in sorted(pairs, key=lambda pair: -pair[1])}


def bm25(*, frequency, length, average, documents, total):
    rarity = math.log(1 + (total - documents + 0.5) / (documents + 0.5))
    return rarity * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / average))


def test_scores_are_bm25_with_a_title_word_counted_twice(three_items):
    # ln(1 + 1.5 / 2.5) = ln 1.6 = .470. Three times in a text of 3, once in a text of 5, average 4:
    # 3 * 2.2 / (3 + 1.2 * (.5 + .5 * 3/4)) = 1.6296 and 2.2 / (1 + 1.2 * (.5 + .5 * 5/4)) = .9362.
    scores = found("whales")
    assert scores == pytest.approx({"whale": math.log(1.6) * 1.62963, "voyage": math.log(1.6) * 0.93617}, rel=1e-4)
    assert scores["whale"] == pytest.approx(bm25(frequency=3, length=3, average=4, documents=2, total=3))


def test_rarer_words_weigh_more_and_scores_of_words_add_up(three_items):
    assert idf(documents=1, total=3) > idf(documents=2, total=3) > idf(documents=3, total=3) > 0
    both = bm25(frequency=1, length=5, average=4, documents=1, total=3) + bm25(
        frequency=1, length=5, average=4, documents=2, total=3
    )
    assert found("whale harbour")["voyage"] == pytest.approx(both)


def test_the_bound_is_never_reached(three_items):
    words = read_words("whale harbour nowhere")
    assert max(found("whale harbour nowhere").values()) < words.score_bound


def test_counts_not_yet_folded_in_give_the_same_scores(three_items):
    before = found("whale ship")
    assert TermDelta.objects.exists()
    assert fold_term_counts() > 0
    assert not TermDelta.objects.exists()
    assert found("whale ship") == pytest.approx(before)


def test_term_weights_add_up_to_the_score(three_items):
    words = read_words("whale harbour spoon")
    weights = postings.PostingLists().term_weights(words, list(three_items.values()))
    scores = found("whale harbour spoon")
    assert {name: sum(weights[pk].values()) for name, pk in three_items.items()} == pytest.approx(scores)
    assert set(weights[three_items["voyage"]]) == {"whale", "harbour"}


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Amélie", "amelie"),
        ("Amelie", "AMÉLIE"),
        ("Cafe\u0301", "café"),
        ("ﬁnance", "finance"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("Mädchen", "madchen"),
        ("running runner", "runs"),
        ("naïve", "naive"),
        ("שלום עולם", "עולם"),
        ("مرحبا بالعالم", "مرحبا"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("Москва слезам не верит", "МОСКВА"),
        ("서울의 봄", "봄"),
        ("東京物語", "東京"),
        ("千と千尋の神隠し", "神隠し"),
        ("カタカナ", "タカ"),
        ("movie 🎬 night", "🎬 movie"),
        ("2001: A Space Odyssey", "2001"),
        ("Web 3.5", "3.5"),
        ("C++ and .NET", ".net"),
        ("write to user@example.com", "example"),
        ("well-known", "known"),
        ("It", "it"),
        ("The Who", "who"),
        ("To Be or Not to Be", "to be or not to be"),
    ],
)
def test_texts_of_every_kind_are_found(db, stored, asked):
    make_items([{"external_id": "wanted", "title": stored}, {"external_id": "other", "title": "Something else"}])
    assert list(found(asked)) == ["wanted"]


@pytest.mark.parametrize(
    ("language", "stored", "asked"),
    [
        ("de", "Die Häuser am See", "haus"),
        ("de", "Die Häuser am See", "hauses"),
        ("fr", "Les générales", "général"),
        ("fr-CA", "Les générales", "generale"),
        ("es", "Los corredores", "corredor"),
        ("ru", "Быстрые волки", "волк"),
        ("sv", "Flickorna", "flicka"),
        ("ja", "東京物語", "物語"),
        ("zh", "花样年华", "年华"),
        ("ko", "서울의 봄", "서울"),
        ("xx", "Qapla batlh", "qapla"),
    ],
)
def test_items_are_stemmed_by_their_own_language(db, language, stored, asked):
    make_items(
        [
            {"external_id": "wanted", "title": stored, "language": language},
            {"external_id": "english", "title": "The lonely robots", "language": "en"},
            {"external_id": "unnamed", "title": "Walking whales"},
        ]
    )
    assert list(found(asked)) == ["wanted"]
    assert list(found("robot")) == ["english"]
    assert list(found("whale walks")) == ["unnamed"]


def test_a_stop_word_of_one_language_is_a_word_of_another(db):
    make_items(
        [
            {"external_id": "german", "title": "Die Brücke", "body": "Der Tod und die Brücke", "language": "de"},
            {"external_id": "english", "title": "Die hard", "language": "en"},
        ]
    )
    assert list(found("die hard")) == ["english"]
    assert list(found("der brucke")) == ["german"]


def test_the_language_of_items_that_name_none_is_a_setting(db, settings):
    settings.DEFAULT_LANGUAGE = "de"
    rebuild_keywords()
    make_item("house", title="Häuser")
    assert list(found("hauses")) == ["house"]


def test_chinese_is_found_by_what_stands_side_by_side(db):
    make_items(
        [
            {"external_id": "tokyo", "title": "東京物語"},
            {"external_id": "jingdong", "title": "京東商城"},
            {"external_id": "apart", "title": "東 と 京"},
        ]
    )
    assert list(found("東京")) == ["tokyo"]
    assert set(found("京")) == {"tokyo", "jingdong", "apart"}
    assert set(found("語")) == {"tokyo"}


def test_an_unfinished_word_longer_than_its_stem_is_found(db):
    make_item("run", title="Running")
    for typed in ("runn", "runni", "runnin"):
        assert list(found(typed, prefix=True)) == ["run"], typed


def test_a_stop_word_counts_only_where_there_is_nothing_else(db):
    make_items(
        [
            {"external_id": "it", "title": "It"},
            {"external_id": "clown", "title": "Clown", "body": "It is about it and it."},
        ]
    )
    assert list(found("it")) == ["it"]
    assert list(found("it is the clown")) == ["clown"]
    assert list(found("a of the")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "!!! ???",
        "🎬",
        "(a+)+$ [[:alpha:]]{1,999}",
        "' & | ! :* <->",
        "\\",
        "%s %(x)s {0}",
        "x" * MAX_TEXT_CHARACTERS,
        "word " * (MAX_TEXT_CHARACTERS // 5),
        " ".join(str(number) for number in range(400)),
        "東" * MAX_TEXT_CHARACTERS,
        "\u202eright to left",
        "e" + "\u0301" * 500,
    ],
)
@pytest.mark.parametrize("prefix", [False, True])
def test_no_text_breaks_the_lookup(three_items, text, prefix):
    words = read_words(text, prefix=prefix)
    assert len(words.terms) <= lexical.MAX_TERMS
    find_candidates(words=words)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60), st.booleans())
def test_any_text_can_be_asked_for(three_items, text, prefix):
    find_candidates(words=read_words(text, prefix=prefix))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60))
def test_an_item_is_found_by_the_whole_of_its_own_title(db, title):
    Item.objects.all().delete()
    item = Item.objects.create(external_id="x", title=title)
    words = read_words(title)
    assert (list(find_candidates(words=words).item_ids) == [item.pk]) == bool(words.terms)


def test_the_last_word_may_be_unfinished(three_items):
    assert set(found("wha", prefix=True)) == {"whale", "voyage"}
    assert set(found("spoon ha", prefix=True)) == {"kitchen", "voyage"}
    assert found("wha") == {}


def test_a_finished_word_is_found_as_a_prefix_by_its_stem(db):
    make_item("run", title="Running")
    for typed in ("ru", "run", "running"):
        assert list(found(typed, prefix=True)) == ["run"], typed


def test_stop_words_before_an_unfinished_word_do_not_count(three_items):
    assert found("the wha", prefix=True) == pytest.approx(found("wha", prefix=True))


def test_items_with_the_same_title_are_all_found(db):
    make_items([{"external_id": name, "title": "Twin", "body": "twin"} for name in "abc"])
    scores = found("twin")
    assert set(scores) == {"a", "b", "c"}
    assert len(set(scores.values())) == 1


def test_attributes_and_category_are_found_too(db):
    make_item("x", title="Film", category="Western", attributes={"cast": ["Henry Fonda"], "director": "Leone", "n": 7})
    for word in ("western", "fonda", "leone"):
        assert list(found(word)) == ["x"]


@pytest.mark.django_db
def test_the_rarest_words_find_candidates_within_the_budget_and_the_others_add_their_scores(three_items, monkeypatch):
    everything = found("whale harbour")
    monkeypatch.setattr(postings, "POSTINGS_BUDGET_ALONE", 1)
    assert [term.text for term in read_words("whale harbour").generating(1)] == ["harbour"]
    assert found("whale harbour") == pytest.approx({"voyage": everything["voyage"]})
