"""Figures and tables of the benchmarks."""

from __future__ import annotations

import json

import pytest

from benchmarks.parts.report import figure, percentile, table


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (20, 1), (21, 2), (50, 3), (99, 5), (100, 5)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percent, expected):
    assert percentile([5, 3, 1, 4, 2], percent) == expected


def test_a_figure_is_one_line_of_json(capsys):
    figure("ratio", 2.34567, documents=3)
    assert json.loads(capsys.readouterr().out) == {"figure": "ratio", "value": 2.346, "documents": 3}


def test_columns_of_a_table_stand_under_their_heads(capsys):
    table(["", "requests/s"], [["first", 1234.5], ["other one", 0.123456]])
    assert capsys.readouterr().out == (
        "           requests/s\n" "first           1,234\n" "other one       0.123\n" "\n"
    )  # fmt: skip
