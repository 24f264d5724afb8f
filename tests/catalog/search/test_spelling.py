"""Spelling correction: what is changed, what is left, and how the catalogue's words are found by either end."""

import random

import pytest

from catalog.search import SearchQuery, search
from catalog.search.lexical import read_words
from catalog.search.spelling import correct
from tests.factories import make_item, make_items

WORDS = ["robot", "harbour", "lighthouse", "detective", "astronaut", "Amélie", "western", "orchestra"]


@pytest.fixture
def catalogue(db):
    return make_items([{"external_id": word, "title": word, "body": "a film"} for word in WORDS])


class Vocabulary:
    """Reads some words as one piece and all others letter by letter."""

    def __init__(self, *words):
        self.words = words

    def token_offsets(self, texts):
        return [[(0, len(text))] if text in self.words else [(at, at + 1) for at in range(len(text))] for text in texts]


def corrected(text, **options):
    correction = correct(text, read_words(text).unknown, **options)
    return correction.text if correction else None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("robbot", "robot"),
        ("robto", "robot"),
        ("tobot", "robot"),
        ("robor", "robot"),
        ("harbor", "harbour"),
        ("lihgthouse", "lighthouse"),
        ("lighthuse", "lighthouse"),
        ("deteectvie", "detective"),
        ("astronat", "astronaut"),
        ("astronuat", "astronaut"),
        ("ROBBOT", "robot"),
        ("amelei", "amelie"),
        ("the robbot and the harbor", "the robot and the harbour"),
        ("robbot, robbot!", "robot, robot!"),
    ],
)
def test_a_mistyped_word_becomes_the_one_that_is_meant(catalogue, typed, meant):
    assert corrected(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "robot",
        "robots",
        "a film about nothing",
        "rob",
        "xyzzyq",
        "r2d2x",
        "20011",
        "東京物語",
        "robobobot",
        "rbot",
        "unwesternn",
        "x" * 200,
    ],
)
def test_what_is_right_too_short_or_too_far_off_is_left(catalogue, typed):
    assert corrected(typed) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ligh", "lighthouse"),
        ("the DETEC", "the detective"),
        ("orches", "orchestra"),
        ("orch orchestra", None),
        ("lig", None),
        ("ligt", None),
    ],
)
def test_a_last_word_that_is_not_finished_becomes_one_that_begins_so(catalogue, typed, meant):
    assert corrected(typed) == meant


def test_what_a_last_word_begins_comes_before_what_it_is_like_and_the_word_in_most_items_first(db):
    make_item("caspar", title="Caspar", body="casar")
    make_item("casablanca", title="Casablanca", body="casablancas")
    assert corrected("casab") == "casablanca"
    make_items([{"external_id": str(number), "title": "Casabella", "body": str(number)} for number in range(3)])
    assert corrected("casab") == "casabella"
    assert corrected("casab heist") == "casar heist"


def test_a_word_that_the_encoder_knows_is_left(catalogue):
    assert corrected("harbor") == "harbour"
    assert corrected("harbor", encoder=Vocabulary("harbor")) is None
    assert corrected("harbor", encoder=Vocabulary("harbour")) == "harbour"


def test_of_words_as_near_the_one_in_most_items_is_taken_and_the_first_letter_counts_most(db):
    for title, count in (("Chart", 3), ("Charm", 2), ("Shark", 9)):
        make_items(
            [{"external_id": f"{title}{number}", "title": title, "body": str(number)} for number in range(count)]
        )
    assert corrected("charx") == "chart"
    assert corrected("xharm") == "charm"
    assert corrected("xharx") is None


@pytest.fixture
def shop(db):
    return make_items(
        [
            {"external_id": "headphones", "title": "WH-1000XM4 headphones", "body": "wireless"},
            {"external_id": "phone", "title": "Galaxy S24 Ultra", "body": "a phone, 512 gb"},
            {"external_id": "dessert", "title": "Ice cream maker", "body": "for a cold day"},
            {"external_id": "router", "title": "Wifi router", "body": "ABC1234, needs 12 v. Day cold."},
        ]
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wh1000xm4", "wh 1000xm4"),
        ("wh-1000 xm4", "wh-1000xm4"),
        ("WH 1000 XM 4", "WH 1000xm4"),
        ("s24ultra", "s24 ultra"),
        ("galaxy s 24", "galaxy s24"),
        ("512gb phone", "512 gb phone"),
        ("abc-1234", "abc1234"),
        ("a wi-fi router, 12v", "a wifi router, 12 v"),
        ("icecream maker", "ice cream maker"),
        ("coldday", "cold day"),
        ("creamcold", None),
        ("head phonesx", None),
        ("zz99", None),
    ],
)
def test_words_are_written_together_or_apart_as_in_the_catalogue(shop, typed, meant):
    assert corrected(typed) == meant


def test_words_that_the_encoder_knows_are_joined_and_not_cut(shop):
    assert corrected("wi fi", encoder=Vocabulary("wi", "fi")) == "wifi"
    assert corrected("icecream", encoder=Vocabulary("icecream")) is None


def test_what_became_of_words_is_told_word_by_word(shop):
    correction = correct("wi-fi for icecream", ["wi", "fi", "icecream"])
    assert correction is not None
    assert correction.replaced == {"wi fi": "wifi", "icecream": "ice cream"}


def test_a_word_that_is_no_longer_used_corrects_nothing(catalogue):
    make_item("robot", title="Gone", body="")
    assert corrected("robbot") is None


def test_every_single_mistake_in_a_long_word_is_put_right(catalogue):
    letters = random.Random(7)
    for word in ("lighthouse", "detective", "orchestra"):
        for at in range(len(word)):
            for typed in (
                word[:at] + word[at + 1 :],
                word[:at] + letters.choice("aeioxz") + word[at:],
                word[:at] + "q" + word[at + 1 :],
            ):
                assert corrected(typed) in (word, None if read_words(typed).unknown == () else word), typed


def test_search_says_what_it_looked_for_instead_and_can_be_told_not_to(catalogue):
    results = search(SearchQuery(text="robbot", semantic_ratio=0))
    assert [hit.item.external_id for hit in results.hits] == ["robot"]
    assert results.correction is not None
    assert (results.correction.text, results.correction.replaced) == ("robot", {"robbot": "robot"})
    as_typed = search(SearchQuery(text="robbot", semantic_ratio=0, correct=False))
    assert as_typed.correction is None
    assert as_typed.hits == ()


def test_an_unfinished_word_is_left_as_long_as_some_word_begins_so(catalogue):
    assert search(SearchQuery(text="lightho", semantic_ratio=0, prefix=True)).correction is None
    results = search(SearchQuery(text="lighthuose", semantic_ratio=0, prefix=True))
    assert results.correction is not None
    assert [hit.item.external_id for hit in results.hits] == ["lighthouse"]
