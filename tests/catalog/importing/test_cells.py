"""The contents of cells in a CSV file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importing.cells import guess_kinds, read_cell
from catalog.importing.rows import RowFault


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3"], "number"),
        (["1", "", "2"], "number"),
        (["1", "one"], "text"),
        (["1", "n/a", "-"], "number"),
        (["true", "NULL"], "boolean"),
        (["n/a", "one"], "text"),
        (["NA"], "text"),
        (["02139", "1"], "text"),
        (["true", "False", ""], "boolean"),
        (["yes", "no"], "text"),
        (["1", "true"], "text"),
        (["1,5"], "text"),
        (["1e5"], "text"),
        (["12345678901234567"], "text"),
    ],
)
def test_the_kind_of_a_column_is_that_of_all_its_cells(cells, kind):
    assert guess_kinds({"column": cell} for cell in cells) == {"column": kind}


def test_an_empty_column_has_no_kind():
    assert guess_kinds([{"column": ""}, {"column": "  "}]) == {}


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("7", "number", 7),
        (" 7.50 ", "number", 7.5),
        ("-0", "number", 0),
        ("1e3", "number", 1000.0),
        ("TRUE", "boolean", True),
        ("0", "boolean", False),
        ("", "number", None),
        (" N/A ", "number", None),
        ("-", "boolean", None),
        ("NA", "text", "NA"),
        (" ", "text", None),
        (" x ", "text", " x "),
        ("'=1", "text", "=1"),
        ('["a"]', "text", ["a"]),
        ("[1]", "text", "[1]"),
        ("[not json", "text", "[not json"),
        ("[" * 100_000, "text", "[" * 100_000),
    ],
)
def test_a_cell_is_read_by_the_kind_of_its_column(cell, kind, value):
    assert read_cell(cell, kind) == value


@pytest.mark.parametrize(
    ("cell", "kind"), [("x", "number"), ("1,5", "number"), ("1_000", "number"), ("٣", "number"), ("maybe", "boolean")]
)
def test_what_does_not_fit_the_column_is_a_fault(cell, kind):
    with pytest.raises(RowFault, match="expected"):
        read_cell(cell, kind)


@given(st.integers(-(10**14), 10**14) | st.floats(-1e6, 1e6).map(lambda number: round(number, 4)))
def test_numbers_as_they_are_written_are_read_back(number):
    text = f"{number:.4f}" if isinstance(number, float) else str(number)
    assert guess_kinds([{"column": text}]) == {"column": "number"}
    assert read_cell(text, "number") == number
