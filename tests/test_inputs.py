"""What the words after `suite predict RUN` stand for."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import pytest

import suite
from suite.prediction.inputs import Inputs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.temps", "a.TEMPS", "sub/c.temps", "sub/deep/d.temps", "notes.txt", "README"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "in"


class Temps(suite.Codec):
    suffixes = (".temps",)


class Texts(Temps):
    accepts_text = True

    def open_stream(self, source):
        return SimpleNamespace(name="-", total=1, live=False, __iter__=None) if source == "-" else None


TEMPS, WORDS, TEXTS = Temps(), suite.Codec(), Texts()


def names(*words):
    inputs = Inputs(words, TEMPS)
    given = [item.name for item in inputs]
    assert inputs.total == len(given)
    return given


def test_a_file_is_taken_whatever_it_is_called(folder):
    assert names("in/notes.txt", "in/b.temps") == ["in/notes.txt", "in/b.temps"]


def test_a_folder_gives_the_files_below_it_that_have_a_known_ending(folder):
    assert names("in") == ["in/a.TEMPS", "in/b.temps", "in/sub/c.temps", "in/sub/deep/d.temps"]


def test_what_a_folder_holds_besides_is_counted(folder):
    assert Inputs(["in"], TEMPS).left_out == {".txt": 1, "": 1}


def test_a_glob_in_quotes(folder):
    assert names("in/*.temps") == ["in/b.temps"]
    assert names("in/**/*.temps") == ["in/b.temps", "in/sub/c.temps", "in/sub/deep/d.temps"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(folder):
    (folder / "[x].temps").write_text("")
    assert names("in/[x].temps") == ["in/[x].temps"]


def test_an_archive_is_read_in_place(folder):
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("x/e.temps", "1 2 3 4")
        archive.writestr("x/e.txt", "")
    assert names("in/all.zip") == ["in/all.zip/x/e.temps"]
    assert [item.read() for item in Inputs(["in/all.zip"], TEMPS)] == [b"1 2 3 4"]


def test_the_order_of_the_words_is_kept(folder):
    assert names("in/sub/deep", "in/b.temps") == ["in/sub/deep/d.temps", "in/b.temps"]


def test_a_broken_link_in_a_folder_is_an_input_that_cannot_be_read(folder):
    (folder / "sub" / "gone.temps").symlink_to("nowhere")
    with pytest.raises(suite.UserError, match=r"gone\.temps is a broken link"):
        [item.read() for item in Inputs(["in/sub"], TEMPS)]


def test_where_inputs_are_not_files_each_word_is_one(folder):
    assert list(Inputs(["in", "good news", "what?"], WORDS)) == ["in", "good news", "what?"]


@pytest.mark.parametrize(
    "text",
    ["mild", "a mild day", "warm?", "the file notes.txt", "3.14", "Well...", "and/or", "", "x " * 5000],
    ids=lambda text: text[:20],
)
def test_a_word_that_is_no_path_is_an_input_itself_where_the_codec_reads_words(folder, text):
    inputs = Inputs([text], TEXTS)
    assert list(inputs) == [text]
    assert inputs.total == 1


def test_paths_globs_and_streams_come_before_words(folder):
    inputs = Inputs(["in/b.temps", "in/*.TEMPS", "-", "cold"], TEXTS)
    assert inputs.streams
    assert [getattr(item, "name", item) for item in Inputs(["in/b.temps", "in/*.TEMPS", "cold"], TEXTS)] == [
        "in/b.temps",
        "in/a.TEMPS",
        "cold",
    ]


@pytest.mark.parametrize("word", ["b.temps", "in/*.txt2", "in/sup", "./sub", "in/none/", "noets.txt"])
def test_a_mistyped_path_is_no_word(folder, word):
    with pytest.raises(suite.UserError, match=r"no file.*for the word itself, put a space after it"):
        Inputs([word], TEXTS)
    assert list(Inputs([f"{word} "], TEXTS)) == [f"{word} "]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("none", "there is no file or folder 'none'"),
        ("none/*.temps", r"'none/\*\.temps' matches no file"),
        ("empty", r"empty holds no file at all and none that can be predicted for, which end in \.temps"),
        ("texts", "texts holds 1 other file and none that can be predicted for"),
        ("-", r"does not read standard input \('-'\)"),
        ("x" * 5000, "cannot be read: File name too long"),
    ],
)
def test_a_word_that_gives_nothing_is_one_sentence(folder, tmp_path, word, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("")
    with pytest.raises(suite.UserError, match=message) as caught:
        Inputs([word], TEMPS)
    assert "\n" not in str(caught.value)
