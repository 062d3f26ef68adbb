"""What `suite predict` reads: words, lines, cells, the standard input and whole files."""

import gzip
import io
import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError, limited
from suite.sources import FileSource
from suite_text.reading.lines import STREAM_SUFFIXES, Line, open_stream, text_of
from texts_on_disk import lines


def read(path, **options):
    found = open_stream(FileSource(path), **options)
    return [(line.name.removeprefix(str(path.parent) + "/"), text_of(line)) for line in found]


def typed(monkeypatch, content, **options):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    return [(line.name, line.text) for line in open_stream("-", **options)]


def test_a_word_is_a_text_itself():
    assert open_stream("What is it ?") is None
    assert text_of("What is it ?") == "What is it ?"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_a_file_keep_their_order_and_their_emptiness(encoding, end, tmp_path):
    path = lines(tmp_path / "a.txt", "schön", "", " two  words", "", encoding=encoding, end=end)
    assert read(path) == [("a.txt:1", "schön"), ("a.txt:2", ""), ("a.txt:3", " two  words"), ("a.txt:4", "")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", ["label,text", "1,good", '2,"b, ad"', "3,"]),
        ("a.csv", ["Text;label", "good;1", "b, ad;2", ";3"]),
        ("a.tsv", ["label\tSentence", "1\tgood", "2\tb, ad", "3\t"]),
        ("a.jsonl", ["{}", '{"text": "good"}', '"b, ad"', '{"text": ""}']),
    ],
)
def test_cells_of_the_column_of_texts_are_read_from_tables(name, content, tmp_path):
    path = lines(tmp_path / name, *(content if name != "a.jsonl" else ["", *content[1:]]))
    assert read(path) == [(f"{name}:2", "good"), (f"{name}:3", "b, ad"), (f"{name}:4", "")]


def test_a_carriage_return_within_a_cell_is_a_blank(tmp_path):
    path = lines(tmp_path / "a.csv", "text,n", "one\rtwo,1", end="\r\n")
    assert read(path) == [("a.csv:2", "one two")]


def test_a_table_with_one_column_needs_no_header(tmp_path):
    assert read(lines(tmp_path / "a.tsv", "one", "", 'a "quoted" two')) == [
        ("a.tsv:1", "one"), ("a.tsv:2", ""), ("a.tsv:3", 'a "quoted" two')
    ]  # fmt: skip


def test_a_table_without_a_column_of_texts_is_one_sentence(tmp_path):
    path = lines(tmp_path / "a.csv", "x,y", "1,2")
    with pytest.raises(UserError, match=r"a.csv, line 1 has no column of texts.*only 'x', 'y': rename one"):
        read(path)
    assert read(path, columns=("y",)) == [("a.csv:2", "2")]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", ["text,n", "a,1", "b", "c,3"], "row has 1 cells, but the header has 2"),
        ("a.jsonl", ["", '{"text": "a"}', "{", '"c"'], "line 3 of a.jsonl is no JSON"),
        ("a.jsonl", ["", '{"text": "a"}', '{"n": 1}', '"c"'], "has no column of texts"),
    ],
)
def test_a_broken_row_keeps_its_place_and_the_others_go_on(name, content, sentence, tmp_path):
    first, broken, last = open_stream(FileSource(lines(tmp_path / name, *content)))
    assert (text_of(first), text_of(last)) == ("a", "c")
    assert broken.name.endswith(f"{name}:3")
    with pytest.raises(UserError, match=sentence):
        text_of(broken)


@pytest.mark.parametrize("suffix", STREAM_SUFFIXES)
def test_a_whole_file_can_be_one_text(suffix, tmp_path):
    path = lines(tmp_path / f"a{suffix}", "one", "", "two")
    if suffix == ".gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert read(path, whole_files=True) == [(f"a{suffix}", "one\n\ntwo\n")]


def test_lines_come_from_the_standard_input(monkeypatch):
    content = "\ufeffschön\r\n\nzwei".encode()
    expected = [("standard input:1", "schön"), ("standard input:2", ""), ("standard input:3", "zwei")]
    assert typed(monkeypatch, content) == expected
    assert typed(monkeypatch, content.decode("utf-8-sig").encode("utf-16")) == expected
    assert typed(monkeypatch, b"sch\xf6n\n") == [("standard input:1", "schön")]
    assert typed(monkeypatch, b"") == []
    assert typed(monkeypatch, b"a\nb\n", whole_files=True) == [("standard input", "a\nb\n")]


def test_the_standard_input_is_read_no_further_than_it_is_asked_for(monkeypatch):
    class Endless(io.RawIOBase):
        def readline(self, size=-1):
            del size
            return b"again\n"

    class Typed:
        buffer = Endless()

        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Typed())
    found = open_stream("-")
    assert found.live
    assert next(iter(found)) == Line("again", "standard input:1")


def test_a_text_is_taken_from_whatever_holds_one(tmp_path):
    path = lines(tmp_path / "a.md", "übel", encoding="cp1252")
    assert text_of(Line("a", "x")) == "a"
    assert text_of("ä".encode("utf-16")) == "ä"
    assert text_of(FileSource(path)) == text_of(path) == "übel\n"
    with pytest.raises(UserError, match="this is no text but ndarray"):
        text_of(np.zeros(3))
    with pytest.raises(UserError, match="cannot be read"):
        text_of(tmp_path / "b.txt")


@pytest.mark.slow
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff")), min_size=1)
)
def test_any_lines_come_back_in_order(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("lines")
    path = lines(folder / "a.txt", *texts)
    if "\0" not in "".join(texts):
        assert [text for _, text in read(path)] == texts
    path = lines(folder / "a.jsonl", *(json.dumps({"text": text}) for text in texts))
    assert [text for _, text in read(path)] == texts


def test_a_text_of_a_hundred_million_characters_is_an_error_of_its_own():
    with pytest.raises(UserError, match="the given text has 100,000,000 characters and would take 50 GB"):
        text_of("a" * 10**8)
    assert len(text_of("a" * 10**6)) == 10**6


def test_json_that_would_not_fit_into_memory_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[" + "{}," * 10_000 + "{}]")
    with limited(max_input_gb=0.001), pytest.raises(UserError, match="20,002 values in its JSON"):
        list(open_stream(FileSource(path)))
