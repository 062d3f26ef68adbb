"""Tables as people and programs save them: cells as the standard library reads them, of any size."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import UserError
from suite.kit import tables


def cells(text, name="a.csv", **options):
    return list(tables.cells(tables.lines(text), name, **options))


def of_the_standard_library(text):
    delimiter = max(",;\t|", key=next((line for line in text.split("\n") if line.strip()), "").count)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, skipinitialspace=True)
    return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


@given(
    st.lists(st.sampled_from(['"', '""', ",", ";", " ", "a", "b c", "\n", "\r\n", "ä", "\0"])).map("".join)
)
def test_the_cells_are_those_of_the_standard_library(text):
    assert cells(text) == of_the_standard_library(text)


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
