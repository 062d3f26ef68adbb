"""Texts of any size as passages: cut where lines, words or characters end, and nothing is lost."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_text.generation import examples as module
from suite_text.generation.examples import Passages, indexed
from suite_text.generation.storage import FileStorage, Spool


def cut(tmp_path, content, most=64):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    found = Passages([indexed("a.txt", FileStorage(path), most)])
    return [found[index].input.read() for index in range(len(found))]


def test_short_lines_are_joined_and_a_passage_ends_with_a_line(tmp_path):
    lines = [b"a line of words\n"] * 10
    assert cut(tmp_path, b"".join(lines)) == [b"".join(lines[:4]), b"".join(lines[4:8]), b"".join(lines[8:])]


def test_long_lines_are_cut_after_a_space(tmp_path):
    pieces = cut(tmp_path, b"seven77 " * 20)
    assert pieces == [b"seven77 " * 8, b"seven77 " * 8, b"seven77 " * 4]


def test_a_line_break_is_left_alone_where_the_passage_would_be_less_than_half_full(tmp_path):
    assert cut(tmp_path, b"short\n" + b"long " * 20)[0] == b"short\n" + b"long " * 11


def test_what_has_no_spaces_is_cut_between_characters(tmp_path):
    text = "你好吗" * 30
    pieces = cut(tmp_path, text.encode())
    assert "".join(piece.decode() for piece in pieces) == text
    assert max(map(len, pieces)) <= 64


def test_an_example_is_named_after_its_place_and_knows_its_size_without_being_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100)
    found = Passages([indexed("a.txt", FileStorage(path), 64)])
    example = found[np.int64(1)]
    path.unlink()
    assert (example.id, example.target, example.input.size, example.input.name) == (
        "a.txt@64",
        36,
        36,
        "a.txt@64",
    )
    with pytest.raises(UserError, match="cannot be read: no such file"):
        example.input.text  # noqa: B018


def test_a_file_that_became_shorter_is_one_sentence(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100)
    found = Passages([indexed("a.txt", FileStorage(path), 64)])
    path.write_bytes(b"x" * 70)
    with pytest.raises(UserError, match="a.txt has become shorter since it was indexed"):
        found[1].input.read()


def test_broken_and_nul_bytes_are_named_by_their_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 100)
    path = tmp_path / "a.txt"
    lines = ["schöne Zeile".encode()] * 60
    lines[7], lines[40], lines[55] = b"b\xf6se", b"\xff", b"nu\0l"
    path.write_bytes(b"\n".join(lines))
    found = indexed("a.txt", FileStorage(path), 64)
    assert (list(found.broken), list(found.nul)) == ([8, 41], [56])
    examples = Passages([found])
    text = "".join(examples[index].input.text for index in range(len(examples)))
    assert text == b"\n".join(lines).decode("utf-8", "replace")


def test_what_is_spooled_is_read_like_a_file():
    spool = Spool()
    storages = [spool.write(["äh ", "und\n"]), spool.write([]), spool.write(["x" * 100])]
    files = [indexed(name, storage, 64) for name, storage in zip("abc", storages, strict=True)]
    examples = Passages(files)
    assert [examples[index].input.text for index in range(len(examples))] == ["äh und\n", "x" * 64, "x" * 36]
    assert [examples[index].id for index in range(len(examples))] == ["a@0", "c@0", "c@64"]
    assert examples.sizes().tolist() == [8, 64, 36]
    with pytest.raises(IndexError):
        examples[3]


PIECES = [b"word ", b"\n", b"\xff", b"\xe4\xbd", "你".encode(), b"\0", b"longer than that"]
CONTENT = st.one_of(
    st.text(st.sampled_from("ab äß你\n😀\r\t"), max_size=800).map(str.encode),
    st.lists(st.sampled_from(PIECES)).map(b"".join),
    st.binary(max_size=500),
)


@given(CONTENT, st.integers(8, 200), st.integers(1, 300))
def test_passages_put_together_are_the_file_and_none_is_too_long(tmp_path_factory, content, most, block):
    folder = tmp_path_factory.mktemp("passages")
    before = module.BLOCK
    module.BLOCK = block
    try:
        pieces = cut(folder, content, most)
    finally:
        module.BLOCK = before
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= most for piece in pieces)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    assert "".join(piece.decode() for piece in pieces) == text  # no character is cut in two


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 1 << 16)
    path = tmp_path / "a.txt"
    path.write_bytes(b"a line of words, ten times a kilobyte\n" * 600_000)
    tracemalloc.start()
    found = indexed("a.txt", FileStorage(path), 2048)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 20e6
    assert peak < 2e6
    assert len(found.bounds) > 10_000
