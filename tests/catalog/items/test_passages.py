from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.items.passages import Span, split_passages


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def texts_of(text: str, *, window: int, overlap: int) -> list[str]:
    spans = split_passages(text, words(text), window_tokens=window, overlap_tokens=overlap)
    return [text[span.start : span.end] for span in spans]


def test_a_short_document_is_one_passage():
    assert split_passages("one two", [(0, 3), (4, 7)], window_tokens=2, overlap_tokens=1) == [Span(0, 7)]


def test_a_document_without_tokens_has_none():
    assert split_passages("", [], window_tokens=8, overlap_tokens=2) == []


def test_windows_overlap_by_as_many_tokens_as_asked():
    assert texts_of("a b c d e f g h", window=4, overlap=1) == ["a b c d", "d e f g", "g h"]


def test_a_window_ends_at_a_sentence_end_in_its_last_quarter():
    assert texts_of("a b c d e f. g h i j", window=8, overlap=0) == ["a b c d e f.", "g h i j"]


def test_a_sentence_end_before_the_last_quarter_is_not_looked_for():
    assert texts_of("a b. c d e f g h i j", window=8, overlap=0) == ["a b. c d e f g h", "i j"]


@pytest.mark.parametrize(("window", "overlap"), [(4, 3), (4, -1), (0, 1)])
def test_an_overlap_that_leaves_no_room_is_refused(window: int, overlap: int):
    with pytest.raises(ValueError, match="overlap"):
        split_passages("a", [(0, 1)], window_tokens=window, overlap_tokens=overlap)


@given(st.text(alphabet="ab. \n!?é", max_size=400), st.integers(min_value=1, max_value=30), st.integers(0, 15))
def test_every_token_is_in_a_passage_and_no_passage_is_longer_than_the_window(text: str, window: int, overlap: int):
    overlap = min(overlap, window // 2)
    offsets = words(text)
    spans = split_passages(text, offsets, window_tokens=window, overlap_tokens=overlap)
    inside = [
        [place for place, (start, end) in enumerate(offsets) if span.start <= start and end <= span.end]
        for span in spans
    ]
    assert {place for own in inside for place in own} == set(range(len(offsets)))
    assert all(0 < len(own) <= window for own in inside)
    starts = [span.start for span in spans]
    assert starts == sorted(set(starts))
