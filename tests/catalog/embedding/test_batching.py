from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.embedding.batching import batches_by_tokens

LENGTHS = st.lists(st.integers(min_value=1, max_value=600), max_size=200)
BUDGETS = st.integers(min_value=1, max_value=4000)


def test_similar_lengths_share_a_batch_and_the_longest_come_first():
    assert batches_by_tokens([10, 100, 20, 90, 15], budget_tokens=200) == [[1, 3], [2, 4, 0]]


def test_no_texts_make_no_batch():
    assert batches_by_tokens([], budget_tokens=100) == []


def test_a_text_longer_than_the_budget_is_alone():
    assert batches_by_tokens([500, 10, 10], budget_tokens=100) == [[0], [1, 2]]


@given(LENGTHS, BUDGETS)
def test_every_text_is_in_exactly_one_batch(lengths: list[int], budget: int):
    batches = batches_by_tokens(lengths, budget_tokens=budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))


@given(LENGTHS, BUDGETS)
def test_padded_to_its_longest_no_batch_of_several_exceeds_the_budget(lengths: list[int], budget: int):
    for batch in batches_by_tokens(lengths, budget_tokens=budget):
        assert len(batch) == 1 or max(lengths[index] for index in batch) * len(batch) <= budget


@given(LENGTHS, BUDGETS)
def test_lengths_never_grow_from_batch_to_batch(lengths: list[int], budget: int):
    order = [lengths[index] for batch in batches_by_tokens(lengths, budget_tokens=budget) for index in batch]
    assert order == sorted(lengths, reverse=True)
