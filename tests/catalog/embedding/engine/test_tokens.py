"""Tokens cut to length, padded and packed: the arithmetic by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from catalog.embedding.engine import tokens as module
from catalog.embedding.engine.tokens import Tokens, packed, padded
from tests.checkpoints import write_checkpoint, write_decoder

TEXTS = ["A robot in the storm.", "", "the sea [SEP] the storm", "Storm at sea. " * 30, "A robot in the storm."]


@pytest.fixture(scope="module", params=[write_checkpoint, write_decoder], ids=["BERT", "GPT"])
def tokenizer_json(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = request.param(tmp_path_factory.mktemp("models") / "small")
    return (folder / "tokenizer.json").read_text()


def cut(tokenizer_json: str) -> Tokens:
    return Tokens(tokenizer_json, max_tokens=16, pad_id=3)


def test_offsets_are_of_the_texts_own_tokens(tokenizer_json: str):
    bare = Tokenizer.from_str(tokenizer_json)
    bare.no_truncation()
    expected = [bare.encode(text, add_special_tokens=False).offsets for text in TEXTS]
    assert cut(tokenizer_json).offsets(TEXTS, read_next=False) == expected


@pytest.mark.parametrize("read_next", [True, False])
def test_tokens_that_are_known_ahead_are_the_same(tokenizer_json: str, read_next: bool):
    tokens = cut(tokenizer_json)
    expected = [list(ids) for ids in tokens.ids(TEXTS)]
    assert max(map(len, expected)) == 16
    tokens.offsets(TEXTS, read_next=read_next)
    assert [list(ids) for ids in tokens.ids(TEXTS)] == expected
    assert [list(ids) for ids in tokens.ids(TEXTS)] == expected


def test_tokens_are_kept_for_the_next_call_alone_and_for_few_texts(
    tokenizer_json: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MOST_AHEAD", 3)
    tokens = cut(tokenizer_json)
    tokens.offsets(["one", "two"], read_next=True)
    tokens.offsets(["three", "four"], read_next=True)
    assert set(tokens._ahead) == {"three", "four"}
    tokens.ids(["four", "three"])
    assert not tokens._ahead


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
