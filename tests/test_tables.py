"""Tables as people and programs save them: cells as the standard library reads them, of any size."""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import json
import re
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import UserError
from suite.kit import tables


def cells(text, name="a.csv", **options):
    return list(tables.cells(tables.lines(text), name, **options))


def of_the_standard_library(text, *, strict=False):
    delimiter = max(",;\t|", key=next((line for line in text.split("\n") if line.strip()), "").count)
    lines = io.StringIO(text, newline="\n")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)
    return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


@given(
    st.lists(st.sampled_from(['"', '""', ",", ";", " ", "a", "b c", "\n", "\r\n", "ä", "\0"])).map("".join)
)
def test_the_cells_are_those_of_the_standard_library_if_quotation_marks_are_closed(text):
    try:
        expected = of_the_standard_library(text, strict=True)
    except csv.Error:
        assert all(len(row) < 8 or row for _, row in cells(text))  # read in some way, to its end
    else:
        assert cells(text) == expected


ROWS = [f"text {number},{'yes' if number % 2 else 'no'}" for number in range(20)]


@pytest.mark.parametrize(
    "broken",
    [
        {3: '"open,no'},
        {3: '"open,no', 9: '"fine, really",no'},
        {3: '"open,no', 9: 'he said "so",no'},
        {3: '"open,no', 15: '5",no'},
        {3: '"open,no', 4: '"open,no', 5: '"open,no'},
        {19: '"open,no'},
    ],
)
def test_a_quotation_mark_that_is_not_closed_loses_no_row(broken):
    rows = [broken.get(number, row) for number, row in enumerate(ROWS)]
    read = cells("\n".join(["text,label", *rows]) + "\n")
    assert [line for line, _ in read] == list(range(1, 22))
    assert read[4][1] == (['"open', "no"] if 3 in broken else ["text 3", "yes"])
    assert read[20][1] == (['"open', "no"] if 19 in broken else ["text 19", "yes"])


def test_a_long_cell_over_many_lines_is_a_cell():
    poem = "\n".join(f"line {number} of it" for number in range(30))
    assert cells(f'text,label\n"{poem}",yes\nshort,no\n') == [
        (1, ["text", "label"]), (31, [poem, "yes"]), (32, ["short", "no"])
    ]  # fmt: skip


@pytest.mark.slow
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2), min_size=1))
def test_what_a_csv_writer_writes_is_read_again(written):
    table = [["name", "value"], *written]  # a header tells the delimiter
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    assert [row for _, row in cells(file.getvalue(), keep_blank=True)] == table


@pytest.mark.parametrize("quoted", [True, False])
def test_a_cell_may_have_any_size_and_the_process_keeps_its_limit(quoted):
    limit = csv.field_size_limit()
    long = "x y " * 100_000
    mark = '"' if quoted else ""
    assert cells(f"text,n\n{mark}{long}{mark},1\n") == [(1, ["text", "n"]), (2, [long, "1"])]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_most_frequent_one_in_the_first_line_that_is_not_blank(mark):
    assert cells(f"\n\na{mark}b\n1{mark} 2\n") == [(3, ["a", "b"]), (4, ["1", "2"])]


def test_carriage_returns_alone_break_lines_if_nothing_else_does():
    assert cells("a,b\r1,2\r") == [(1, ["a", "b"]), (2, ["1", "2"])]
    assert cells("a,b\r\n1\r2,3\r\n") == [(1, ["a", "b"]), (2, ["1\r2", "3"])]


def test_blank_rows_are_left_out_unless_they_are_wanted():
    assert cells("a\n\nb\n") == [(1, ["a"]), (3, ["b"])]
    assert cells("a\n\nb\n", keep_blank=True) == [(1, ["a"]), (2, [""]), (3, ["b"])]


def test_rows_are_read_when_they_are_asked_for():
    def endless():
        while True:
            yield '1,"two"\n'

    rows = tables.cells(endless(), "a.csv")
    assert [next(rows), next(rows)] == [(1, ["1", "two"]), (2, ["1", "two"])]


def test_a_cell_of_a_tsv_ends_with_its_line():
    assert cells('a\tb\n"no\tyes\n"1 ""2"""\t""\n', "a.tsv") == [
        (1, ["a", "b"]), (2, ['"no', "yes"]), (3, ['1 "2"', ""])
    ]  # fmt: skip


def test_rows_have_the_names_of_the_header():
    assert list(tables.rows("a,b\n1,2\n3\n", "a.csv")) == [
        (2, {"a": "1", "b": "2"}),
        (3, "with another number of cells than the header's 2"),
    ]
    with pytest.raises(UserError, match="more than one column called 'a'"):
        list(tables.rows("a,a\n1,2\n", "a.csv"))


def test_a_table_without_a_header_has_numbers_for_names():
    assert list(tables.rows("a,1\nb,2\nc\n", "a.csv", header=False)) == [
        (1, {"1": "a", "2": "1"}),
        (2, {"1": "b", "2": "2"}),
        (3, "with another number of cells than the first row's 2"),
    ]


AB = [{"text": "a", "label": 1}, {"text": "b", "label": 2}]


@pytest.mark.parametrize(
    "written",
    [
        "\n".join(map(json.dumps, AB)),
        "\n".join(json.dumps(row, indent=1) for row in AB),
        json.dumps(AB),
        json.dumps({"version": "1", "data": AB}),
        json.dumps({"result": {"rows": AB}}),
        json.dumps({"text": ["a", "b"], "label": [1, 2]}),
        json.dumps({"text": {"0": "a", "1": "b"}, "label": {"0": 1, "1": 2}}),
        json.dumps({"0": AB[0], "1": AB[1]}),
        json.dumps({"columns": ["text", "label"], "index": [0, 1], "data": [["a", 1], ["b", 2]]}),
    ],
)
@pytest.mark.parametrize("indent", [False, True])
def test_json_is_read_in_every_form_that_programs_write(written, indent):
    if indent and "\n" not in written:
        written = json.dumps(json.loads(written), indent=2)
    assert [row for _, row in tables.rows(written, "a.json")] == AB


def test_lists_by_split_say_the_split_of_each_row():
    written = json.dumps({"train": AB[:1], "validation": [], "test": AB[1:]}, indent=1)
    assert [row for _, row in tables.rows(written, "a.json")] == [
        {"split": "train", **AB[0]}, {"split": "test", **AB[1]}
    ]  # fmt: skip
    with pytest.raises(UserError, match="rows under 'good', 'bad'"):
        list(tables.rows(json.dumps({"good": AB, "bad": AB}), "a.json"))


def test_objects_in_cells_are_cells_too():
    rows = list(tables.rows('{"a": {"text": "x", "by": {"name": "y"}}, "label": 1}', "a.jsonl"))
    assert rows[0][1]["a.text"] == "x"
    assert rows[0][1]["a.by.name"] == "y"
    assert rows[0][1]["a"] == {"text": "x", "by": {"name": "y"}}


def test_objects_of_one_line_have_numbers_of_their_own():
    text = '{"a": 1}{"a": 2}\n{"a": 3}'
    assert list(tables.rows(text, "a.json")) == [(1, {"a": 1}), (2, {"a": 2}), (3, {"a": 3})]


def test_a_broken_line_among_json_lines_is_said():
    assert [row for _, row in tables.rows('{"a": 1}\n{"a": \n{"a": 3}\n', "a.jsonl")] == [
        {"a": 1}, "that cannot be read as JSON", {"a": 3}
    ]  # fmt: skip


def test_a_compressed_table_is_the_table():
    content = gzip.compress(b"a,b\n1,2\n")
    assert list(tables.rows(content, "a.csv.gz")) == [(2, {"a": "1", "b": "2"})]
    assert list(tables.rows(gzip.compress(b"a\tb, c\n1\t2\n"), "a.tsv.gz")) == [(2, {"a": "1", "b, c": "2"})]
    with pytest.raises(UserError, match="damaged, or not compressed"):
        list(tables.rows(content[:-9], "a.csv.gz"))


def test_spreadsheets_are_read_where_their_package_is():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["text", "label"], ["a", 1], [], ["b", None]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    assert list(tables.rows(file.getvalue(), "a.xlsx")) == [
        (2, {"text": "a", "label": 1}), (4, {"text": "b", "label": ""})
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather"])
def test_arrow_files_are_read_where_their_package_is(name):
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pylist(AB)
    file = io.BytesIO()
    if name == "a.parquet":
        importlib.import_module("pyarrow.parquet").write_table(table, file)
    else:
        make = pa.ipc.new_stream if name == "a.arrow" else pa.ipc.new_file
        with make(file, table.schema) as writer:
            writer.write_table(table)
    assert [row for _, row in tables.rows(file.getvalue(), name)] == AB


@pytest.mark.parametrize(("name", "package"), [("a.xlsx", "openpyxl"), ("a.parquet", "pyarrow")])
def test_a_missing_package_is_named_with_the_line_that_installs_it(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs the package {package}: pip install 'keras-suite\[tables\]'"):
        list(tables.rows(b"", name))


def test_a_workbook_of_very_many_sheets_is_refused():
    openpyxl = pytest.importorskip("openpyxl")
    book, plain, swollen = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["a"])
    book.save(plain)
    with zipfile.ZipFile(plain) as packed, zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED) as again:
        for member in packed.namelist():
            content = packed.read(member)
            if member == "xl/workbook.xml":
                sheet = re.search(rb"<sheet [^>]*>", content)[0]
                content = content.replace(sheet, sheet * 1001)
            again.writestr(member, content)
    with pytest.raises(UserError, match=r"^a.xlsx has 1,001 sheets, more than 1,000: give one with"):
        list(tables.rows(swollen.getvalue(), "a.xlsx"))
