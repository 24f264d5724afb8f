"""Rows of CSV, NDJSON and JSON files, valid and invalid, from bytes."""

import csv
import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importing import json_reader, rows
from catalog.importing.csv_reader import escaped, read_csv, unescaped
from catalog.importing.formats import detect_format
from catalog.importing.json_reader import read_json, read_ndjson
from catalog.importing.rows import MAX_ROW_BYTES, FileUnreadable, Row


def read(reader, content):
    """The rows as (line, values) or (line, fault)."""
    raw = content if isinstance(content, bytes) else content.encode()
    return [(row.line, row.fault or row.values) for row in reader(io.BytesIO(raw))]


def test_cells_are_named_by_the_header():
    assert read(read_csv, "id,title\n1,One\n2,Two\n") == [
        (2, {"id": "1", "title": "One"}),
        (3, {"id": "2", "title": "Two"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_delimiter_and_line_ends_are_found_out(delimiter, newline):
    content = newline.join(delimiter.join(cells) for cells in (["id", "title"], ["1", "a"], ["2", ""]))
    assert read(read_csv, content) == [(2, {"id": "1", "title": "a"}), (3, {"id": "2", "title": ""})]


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    assert read(read_csv, "\ufeffid,title\n1,x") == [(2, {"id": "1", "title": "x"})]
    assert read(read_ndjson, '\ufeff{"id": 1}') == [(1, {"id": 1})]
    assert read(read_json, '\ufeff[{"id": 1}]') == [(1, {"id": 1})]


def test_quoted_cells_hold_delimiters_quotes_and_lines():
    content = 'id,title,body\n1,"a, ""b""","two\n\nlines"\n2,x,y\n'
    assert read(read_csv, content) == [
        (2, {"id": "1", "title": 'a, "b"', "body": "two\n\nlines"}),
        (5, {"id": "2", "title": "x", "body": "y"}),
    ]


def test_a_header_may_go_on_over_lines():
    assert read(read_csv, 'id,"long\nname"\n1,x\n') == [(3, {"id": "1", "long\nname": "x"})]


def test_a_header_of_very_many_columns_takes_no_longer_than_its_length():
    names = ["id", *(f"c{number}" for number in range(200_000))]
    started = time.process_time()
    assert read(read_csv, ",".join(names) + "\n") == []
    assert time.process_time() - started < 10


def test_rows_with_another_number_of_cells_are_bad_and_blank_lines_are_nothing():
    found = read(read_csv, "id,title\n1\n\n2,x,y\n3,z\n")
    assert [line for line, _ in found] == [2, 4, 5]
    assert found[0][1] == "The row has 1 cells but the header has 2."
    assert found[1][1] == "The row has 3 cells but the header has 2."
    assert found[2][1] == {"id": "3", "title": "z"}


def test_columns_without_a_name_are_left_out():
    assert read(read_csv, "id,,title\n1,x,y\n") == [(2, {"id": "1", "title": "y"})]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\n\n", "must name the columns"),
        (",,\n1,2,3", "must name the columns"),
        ("id,title,id\n1,2,3", "Two columns are named 'id'"),
        ('id,"title\n1,2', "header cannot be read"),
        (b"id,t\xff\n1,2", "not UTF-8"),
    ],
)
def test_a_header_of_no_use_is_the_end_of_the_file(content, reason):
    with pytest.raises(FileUnreadable, match=reason):
        read(read_csv, content)


def test_a_lost_quote_costs_one_row(monkeypatch):
    rest = "".join(f"{number},fine\n" for number in range(2, 50))
    found = read(read_csv, f'id,title\n1,"lost\n{rest}')
    assert found[0] == (2, "A closing quote is missing.")
    assert [values["id"] for _, values in found[1:]] == [str(number) for number in range(2, 50)]
    assert [line for line, _ in found] == list(range(2, 51))


def test_a_lost_quote_in_a_file_longer_than_a_row_may_be_costs_one_row():
    rest = "".join(f"{number},{'x' * 1_000}\n" for number in range(MAX_ROW_BYTES // 500))
    found = read(read_csv, f'id,title\n1,"lost\n{rest}')
    assert found[0] == (2, "A closing quote is missing.")
    assert len(found) == 1 + MAX_ROW_BYTES // 500
    assert all(isinstance(values, dict) for _, values in found[1:])


def test_a_quote_closed_by_the_next_one_is_told_with_the_lines_it_takes_up():
    found = read(read_csv, 'id,title\n1,"lost\n2,"closed"\n3,fine\n')
    assert found[0][0] == 2
    assert "lines 2 to 3" in found[0][1]
    assert found[1:] == [(4, {"id": "3", "title": "fine"})]


def test_a_line_that_is_not_utf8_is_bad_and_the_others_are_read():
    assert read(read_csv, b"id,title\n1,caf\xe9\n2,x\n") == [
        (2, "This is not UTF-8: byte 0xe9 at position 6."),
        (3, {"id": "2", "title": "x"}),
    ]


@pytest.mark.parametrize("reader", [read_csv, read_ndjson])
def test_a_line_that_is_too_long_is_bad_and_the_others_are_read(reader):
    good = b'{"id": 1}\n' if reader is read_ndjson else b"1\n"
    head = b"" if reader is read_ndjson else b"id\n"
    found = read(reader, head + b"x" * (MAX_ROW_BYTES * 3) + b"\n" + good)
    assert "longer than" in found[0][1]
    assert found[1][1] in ({"id": 1}, {"id": "1"})


@pytest.mark.parametrize("cell", ["=cmd()", "+1", "-1", "@x", "\tx", "'=x", "''=x", "x", "", "'x", "'"])
def test_formulas_are_escaped_on_the_way_out_and_back_as_they_were(cell):
    assert unescaped(escaped(cell)) == cell
    assert escaped(cell)[:1] not in set("=+-@\t\r") or cell == ""


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8), st.sampled_from(",;\t|"))
def test_whatever_the_csv_module_writes_is_read_back(table, delimiter):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "title"], *table])
    assert [list(values.values()) for _, values in read(read_csv, text.getvalue())] == table


@given(st.binary(max_size=200))
@pytest.mark.parametrize("reader", [read_csv, read_ndjson, read_json])
def test_any_bytes_are_read_or_refused(reader, content):
    assert all(isinstance(each, dict | str) for each in read_or_refused(reader, content))


def read_or_refused(reader, content):
    """The contents of the rows, or why the file cannot be read."""
    try:
        return [each for _, each in read(reader, content)]
    except FileUnreadable as error:
        return [str(error)]


def test_each_line_of_ndjson_is_an_object_and_blank_ones_are_nothing():
    content = '{"id": 1}\n\n  \n[1]\n{"id": \n{"id": NaN}\n{"id": 2}'
    found = read(read_ndjson, content)
    assert [line for line, _ in found] == [1, 4, 5, 6, 7]
    assert found[1][1] == "A JSON object is expected."
    assert found[2][1].startswith("This is not JSON")
    assert found[3][1] == "NaN is not JSON."
    assert found[4][1] == {"id": 2}


def test_json_that_is_nested_too_deeply_or_has_endless_numbers_is_a_bad_row():
    found = read(read_ndjson, '{"a":' * 100_000 + "\n" + '{"n": ' + "9" * 10_000 + '}\n{"id": 1}')
    assert [isinstance(values, dict) for _, values in found] == [False, False, True]


@pytest.mark.parametrize("form", ["{}\n{}\n{}", "[{},\n{},\n{}]"])
def test_an_object_with_a_key_twice_is_a_bad_row_and_the_others_are_read(form):
    reader = read_json if form.startswith("[") else read_ndjson
    found = read(reader, form.format('{"a": 1}', '{"a": {"b": 2, "b": 3}}', '{"a": 4}'))
    assert found == [(1, {"a": 1}), (2, "The key “b” is given twice."), (3, {"a": 4})]


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=50), max_size=3), max_size=10),
    st.sampled_from([None, 0, 2]),
    st.integers(1, 40),
)
def test_an_array_is_read_whole_however_it_is_laid_out_and_cut_into_pieces(objects, indent, chunk):
    content = json.dumps(objects, indent=indent, ensure_ascii=False)
    before, json_reader._CHUNK_BYTES = json_reader._CHUNK_BYTES, chunk
    try:
        found = read(read_json, content)
    finally:
        json_reader._CHUNK_BYTES = before
    assert [values for _, values in found] == objects


def test_lines_of_an_array_are_those_where_its_objects_begin():
    assert [line for line, _ in read(read_json, '[\n  {"a":\n 1},\n\n  {"b": 2}, 7\n]')] == [2, 5, 5]


@pytest.mark.parametrize(
    ("content", "kept", "reason"),
    [
        ('[{"id": 1}, {"id": 2}, {"id": ]', 2, "Line 1"),
        ('[{"id": 1},\n{"id": 2}', 2, "Line 2: A comma or the end"),
        ('[{"id": 1} {"id": 2}]', 1, "A comma or the end"),
        ('[{"id": 1},', 1, "Line 1"),
        ("", 0, "must contain an array"),
        ('"x"', 0, "must contain an array"),
        (b'[{"id": 1}, {"id": "\xff"}]', 0, "not UTF-8"),
    ],
)
def test_a_broken_array_gives_what_comes_before_the_break(content, kept, reason):
    raw = content if isinstance(content, bytes) else content.encode()
    reader, found = read_json(io.BytesIO(raw)), list[Row]()
    with pytest.raises(FileUnreadable, match=reason):
        collect(reader, found)
    assert len(found) == kept


def collect(reader, found):
    """Keep what is read before an error; extending a list would do so too, but does not guarantee it."""
    for row in reader:
        found += [row]


def test_a_huge_array_is_read_without_holding_it_all():
    class Endless(io.RawIOBase):
        """An array of many objects that is produced piece by piece."""

        pieces = iter([b"[", *([b'{"id": 1},' * 1_000] * 100), b'{"id": 2}]'])
        held = b""

        def readable(self):
            return True

        def readinto(self, buffer):
            self.held = self.held or next(self.pieces, b"")
            given, self.held = self.held[: len(buffer)], self.held[len(buffer) :]
            buffer[: len(given)] = given
            return len(given)

    assert len(list(read_json(io.BufferedReader(Endless())))) == 100_001


def test_an_object_that_never_ends_is_the_end_of_an_array(monkeypatch):
    monkeypatch.setattr(json_reader, "MAX_ROW_BYTES", 10_000)
    monkeypatch.setattr(rows, "MAX_ROW_BYTES", 10_000)
    with pytest.raises(FileUnreadable, match="broken or longer"):
        read(read_json, '[{"a": "' + "x" * 1_000_000 + '"}]')


@pytest.mark.parametrize(
    ("content", "filename", "expected"),
    [
        (b"id,title\n", "x.csv", "csv"),
        (b"id\ttitle\n", "x.tsv", "csv"),
        (b'{"id": 1}', "x.jsonl", "ndjson"),
        (b'{"id": 1}', "x.NDJSON", "ndjson"),
        (b'[{"id": 1}]', "x.json", "json"),
        (b'{"id": 1}\n{"id": 2}', "x.json", "ndjson"),
        (b"\xef\xbb\xbf [", "upload", "json"),
        (b"id,title", "upload", "csv"),
    ],
)
def test_formats_are_told_by_name_or_first_bytes(content, filename, expected):
    file = io.BytesIO(content)
    assert detect_format(file, filename=filename) == expected
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"PK\x03\x04", "spreadsheet"),
        ("id,title\n".encode("utf-16"), "UTF-16"),
        ("id,title\n".encode("utf-16-be"), "not text"),
        (b"\x89PNG\x00\x00", "not text"),
    ],
)
@pytest.mark.parametrize("filename", ["x.csv", "x.json", "x"])
def test_files_that_are_not_text_are_refused_with_what_to_do(content, reason, filename):
    with pytest.raises(FileUnreadable, match=reason):
        detect_format(io.BytesIO(content), filename=filename)
