"""Where pinned items stand, by example and as properties."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.ranking.pins import Window, pinned_places, with_pins

POSITIONS = st.dictionaries(st.integers(1, 12), st.integers(1, 30), max_size=6)


def test_a_pinned_item_stands_at_its_position_and_the_others_close_up():
    assert with_pins([1, 2, 3, 4], {4: 1}) == [4, 1, 2, 3]
    assert with_pins([1, 2, 3], {9: 2, 8: 4}) == [1, 9, 2, 8, 3]


def test_two_at_one_position_stand_one_behind_the_other():
    assert with_pins([1, 2], {9: 1, 8: 1, 7: 2}) == [9, 8, 7, 1, 2]


def test_what_is_pinned_beyond_the_end_stands_at_the_end():
    assert with_pins([1, 2], {9: 50, 8: 40}) == [1, 2, 8, 9]
    assert with_pins([], {9: 3}) == [9]
    assert pinned_places({9: 50, 8: 1}, total=2) == {8: 0, 9: 1}


def test_a_page_says_which_of_the_others_fill_it():
    window = Window.of({9: 1, 8: 5}, total=10, offset=4, limit=3)
    assert (window.pinned, window.others_offset) == ({4: 8}, 3)
    assert window.fill([104, 105, 106]) == [8, 104, 105]


@given(st.lists(st.integers(20, 60), unique=True, max_size=30), POSITIONS)
def test_nobody_is_lost_and_the_others_keep_their_order(others, positions):
    arranged = with_pins(others, positions)
    assert sorted(arranged) == sorted([*others, *positions])
    assert [item_id for item_id in arranged if item_id not in positions] == others
    by_position = sorted(positions, key=lambda item_id: positions[item_id])
    assert [item_id for item_id in arranged if item_id in positions] == by_position


@given(st.lists(st.integers(20, 60), unique=True, max_size=30), POSITIONS, st.integers(0, 45), st.integers(1, 20))
def test_a_page_is_a_cut_of_the_whole(others, positions, offset, limit):
    whole = with_pins(others, positions)
    window = Window.of(positions, total=len(whole), offset=offset, limit=limit)
    assert window.fill(others[window.others_offset :]) == whole[offset : offset + limit]
