"""Tokens cut to length, padded and packed: the arithmetic by hand."""

from __future__ import annotations

import numpy as np

from catalog.embedding.engine.tokens import packed, padded


def test_padding_goes_to_the_right_up_to_a_multiple():
    ids, mask = padded([[5, 6, 7], [8]], pad_id=9, multiple=4)
    np.testing.assert_array_equal(ids, [[5, 6, 7, 9], [8, 9, 9, 9]])
    np.testing.assert_array_equal(mask, [[1, 1, 1, 0], [1, 0, 0, 0]])


def test_packing_puts_all_tokens_in_a_row_and_counts_positions_in_each_text():
    ids, positions, starts = packed([[5, 6, 7], [8], [9, 10]])
    np.testing.assert_array_equal(ids, [5, 6, 7, 8, 9, 10])
    np.testing.assert_array_equal(positions, [0, 1, 2, 0, 0, 1])
    np.testing.assert_array_equal(starts, [0, 3, 4, 6])
    assert starts.dtype == np.int32


def test_positions_may_begin_behind_the_padding_tokens_id():
    _, positions, _ = packed([[5, 6], [8]], first_position=2)
    np.testing.assert_array_equal(positions, [2, 3, 2])
