"""Inputs encoded together, and separately from the one at fault."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from catalog.embedding.base import EncoderUnavailable, EncodingFailed
from workers.halving import Refused, encode_halving


class Doubler:
    """Doubles numbers; fails on negative ones, and breaks its contract on those above a hundred."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        if any(number < 0 for number in numbers):
            raise EncodingFailed("negative")
        if any(number > 100 for number in numbers):
            raise KeyError("large")
        return [2 * number for number in numbers]


def test_inputs_without_fault_are_encoded_in_one_call():
    double = Doubler()
    assert encode_halving(double, [1, 2, 3]) == [2, 4, 6]
    assert double.calls == [[1, 2, 3]]


def test_nothing_is_encoded_where_there_is_nothing():
    double = Doubler()
    assert encode_halving(double, []) == []
    assert double.calls == []


def test_only_the_inputs_at_fault_are_refused_each_with_its_reason():
    found = encode_halving(Doubler(), [1, -2, 3, 4, 500])
    assert found == [2, Refused(reason="negative"), 6, 8, Refused(reason="KeyError: 'large'")]


def test_too_few_outputs_are_given_to_nobody():
    assert encode_halving(lambda numbers: numbers[:1], [1, 2]) == [1, 2]
    (found,) = encode_halving(lambda numbers: [], [1])
    assert isinstance(found, Refused)


def test_an_encoder_that_is_away_is_no_inputs_fault():
    def away(numbers: Sequence[int]) -> list[int]:
        raise EncoderUnavailable("away")

    with pytest.raises(EncoderUnavailable, match="away"):
        encode_halving(away, [1, 2])
