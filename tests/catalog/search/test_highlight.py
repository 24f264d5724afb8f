"""Marked words and snippets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.search import stems
from catalog.search.highlight import SNIPPET_CHARACTERS, WORD, _matches, mark, matching_words, snippet
from catalog.search.lexical import Words, fold, read_words
from tests.factories import make_item

FAMILY, FLAGGED = "👨‍👩‍👧‍👦", "👍🏽"
FILLING = "Nothing of note happens here today. "


def marked(text, matching):
    return "".join(f"[{part.text}]" if part.word else part.text for part in mark(text, frozenset(matching)))


def test_words_are_marked_whole_and_the_text_stays_as_it_is():
    assert marked("Whales, whale and narwhale", {"whales", "whale"}) == "[Whales], [whale] and narwhale"
    assert marked("", {"x"}) == ""
    assert marked("no match", {"x"}) == "no match"


@pytest.mark.parametrize(
    ("text", "matching", "expected"),
    [
        ("Cafe\u0301 au lait", {"cafe"}, "[Cafe\u0301] au lait"),
        ("CAFÉ noir", {"cafe"}, "[CAFÉ] noir"),
        ("snake_case", {"snake"}, "[snake]_case"),
        ("नमस्ते दुनिया", {"दुनिया"}, "नमस्ते [दुनिया]"),
        ("东京的夜", {"东", "京"}, "[东][京]的夜"),
        ("<b>whale</b>", {"whale"}, "<b>[whale]</b>"),
    ],
)
def test_words_of_every_script_are_marked(text, matching, expected):
    assert marked(text, matching) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("running whales", "The whale runs and ran; whaling.", {"whale", "runs", "whaling"}),
        ("die", "Dying is what the dead do; they die.", {"dying", "die"}),
        ("café", "A CAFÉ is a cafe", {"cafe"}),
        ("it", "It came from it", {"it"}),
        ("whale", "Nothing here", set()),
        ("", "Nothing here", set()),
    ],
)
def test_words_match_by_their_stems(query, text, expected):
    assert matching_words([text], read_words(query)) == expected


@pytest.mark.django_db
def test_a_page_of_texts_costs_one_query_and_words_met_before_none(django_assert_num_queries):
    make_item("x", title="whale")
    words = read_words("whale storm")
    stems._known.clear()
    with django_assert_num_queries(1):
        assert matching_words(["whales", "stormy", "wheel"] * 50, words) == {"whales"}
    with django_assert_num_queries(0):
        assert matching_words(["wheel whales"], words) == {"whales"}
        matching_words(["nothing begins like it"], words)
        matching_words(["whales"], Words())


def test_words_met_before_are_forgotten_when_they_are_too_many(db, monkeypatch):
    words = read_words("whale")
    monkeypatch.setattr(stems, "WORDS_KEPT", 3)
    for text in ("whales whaling", "whaler", "whaled whale", "whales"):
        matching_words([text], words)
        assert len(stems._known) <= 3


def test_a_short_text_is_shown_whole():
    shown = snippet("One  whale.\nTwo ships.", frozenset({"whale"}))
    assert shown.text == "One whale. Two ships."
    assert not shown.cut_before
    assert not shown.cut_after
    assert [(part.text, part.kind) for part in shown.parts] == [
        ("One ", "closest"),
        ("whale", "word"),
        (".", "closest"),
        (" Two ships.", "plain"),
    ]


def test_the_sentence_with_the_most_different_words_is_in_view():
    text = FILLING * 10 + "A whale, a whale, a whale. " + FILLING * 10 + "The whale met a ship. " + FILLING * 10
    shown = snippet(text, frozenset({"whale", "ship"}))
    assert "The whale met a ship." in shown.text
    assert "".join(part.text for part in shown.parts if part.closest) == "The whale met a ship."
    assert shown.cut_before
    assert shown.cut_after
    assert shown.text in text
    assert len(shown.text) <= SNIPPET_CHARACTERS
    assert text.split(shown.text)[0][-1] == " "


def test_in_a_sentence_longer_than_a_snippet_the_first_match_is_in_view():
    shown = snippet("word " * 200 + "whale " + "word " * 200, frozenset({"whale"}))
    assert any(part.word and part.text == "whale" for part in shown.parts)
    assert shown.text.startswith("word ")


def test_without_a_match_the_beginning_is_shown():
    shown = snippet(FILLING * 20, frozenset())
    assert shown.text.startswith("Nothing of note")
    assert not shown.cut_before
    assert shown.cut_after
    assert not shown.text.endswith(" ")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("字" * 500 + "鯨" + "字" * 500, "鯨"),
        ("字" * 500 + "鯨" + "字" * 500 + " the end", "鯨"),
        ("字" * 300 + "。鯨です。" + "字" * 300 + "。 more words follow here", "鯨"),
        ("x" * 1_000 + " whale " + "y" * 1_000, "whale"),
        ("a-" * 500 + "whale" + "-a" * 500, "whale"),
    ],
)
def test_a_text_without_spaces_never_loses_its_match(text, word):
    shown = snippet(text, frozenset({word}))
    assert word in [part.text for part in shown.parts if part.word]
    assert SNIPPET_CHARACTERS / 2 <= len(shown.text) <= SNIPPET_CHARACTERS + 30


@pytest.mark.parametrize("sign", [FAMILY, FLAGGED, "e\u0301", "👁️"])
def test_a_cut_never_goes_through_what_is_read_as_one_character(sign):
    for before in range(len(sign) + 1):
        text = "-" * (500 + before) + sign * 200 + " whale "
        for matching in (frozenset({"whale"}), frozenset[str]()):
            assert snippet(text, matching).text.replace("-", "").replace(sign, "").strip() in ("", "whale")
        text = "-" * before + sign * 200
        assert snippet(text, frozenset()).text.replace("-", "").replace(sign, "") == ""


PIECES = ["a", "b", " ", ".", "! ", "\n", "。", "字", FAMILY[1], "\u0301", " whale ", "\u202e", "ab" * 40, "字" * 60]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=120).map("".join)


@settings(max_examples=300)
@given(TEXTS, st.frozensets(st.sampled_from(["a", "b", "ab", "whale", "字"])))
def test_a_snippet_is_a_run_of_the_text_cut_into_parts(text, matching):
    shown = snippet(text, matching)
    plain = " ".join(text.split())
    assert shown.text in plain
    assert shown.cut_before or plain.startswith(shown.text)
    assert shown.cut_after or plain.endswith(shown.text)
    assert len(shown.text) <= SNIPPET_CHARACTERS + 60
    assert all(part.text for part in shown.parts)
    if any(part.word for part in mark(plain, matching)):
        assert any(part.word for part in shown.parts)


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["dying", "lying", "tying", "skies", "ponies", "university", "generously", "happily"])
def test_words_whose_stem_is_spelt_otherwise_match_themselves(word):
    words = read_words(word)
    assert matching_words([f"It is {word}, and nothing else."], words) == {word}


@given(
    st.text(alphabet="aAéÉßﬁ東京한 _-'1²\u0301ıİ.", max_size=30),
    st.sets(st.text(alphabet="aeß1i", min_size=1, max_size=3), max_size=4).map(frozenset),
)
def test_the_quick_way_marks_what_the_thorough_one_does(text, matching):
    marked = [text[start:end] for start, end in _matches(text, matching)]
    assert marked == [word.group() for word in WORD.finditer(text) if fold(word.group()) in matching]


def test_pairs_of_characters_are_marked_as_one_run(db):
    make_item("x", title="東京物語")
    marked = mark("小津の東京物語と京都", matching_words(["小津の東京物語と京都"], read_words("東京物語")))
    assert [part.text for part in marked if part.word] == ["東京物語"]
