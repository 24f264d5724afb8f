"""Scored pairs and Spearman's correlation, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.judged.pairs import ScoredPair, measure_similarity, read_pairs, spearman
from tests.catalog.judged.encoders import WordCounter

PAIRS = """first,second,score
ship storm,storm ship,5
ship storm,ship robot,2.5
ship,"town, town",0
"""


def test_ranks_alone_count_and_equal_values_share_theirs():
    assert spearman(np.array([1.0, 2, 3]), np.array([10.0, 20, 1_000])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    # Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
    assert spearman(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(4.5 / np.sqrt(22.5))
    assert spearman(np.array([1.0, 1, 1]), np.array([1.0, 2, 3])) == 0


def test_an_encoder_is_measured_by_the_order_of_its_cosines(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(PAIRS)
    pairs = read_pairs(path)
    assert pairs[2] == ScoredPair(first="ship", second="town, town", score=0)
    assert measure_similarity(WordCounter(), pairs) == pytest.approx(1)
    turned = [ScoredPair(first=pair.first, second=pair.second, score=-pair.score) for pair in pairs]
    assert measure_similarity(WordCounter(), turned) == pytest.approx(-1)


def test_tabs_do_as_well(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("score\tfirst\tsecond\n1\ta\tb\n2\tc\td\n3\te\tf\n")
    assert [pair.second for pair in read_pairs(path)] == ["b", "d", "f"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("first,second\na,b\n", "has no column score"),
        ("first,second,score\na,b,much\n", "line 2: 'much' is not a score"),
        ("first,second,score\na,b,1\n", "has 1 pairs; at least 3 are needed"),
        ("", "has no column first and no column second and no column score"),
    ],
)
def test_files_that_are_no_pairs_are_refused(tmp_path, text, reason):
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_pairs(path)
