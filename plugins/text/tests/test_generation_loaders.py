"""Plain text for generation: files, folders and JSON lines; what is read, and what is named."""

import gzip
import json
import os
from pathlib import Path

import pytest

from suite import UserError
from suite.data.splits import complete
from suite_text.generation.loaders.text import detect_text, load_text
from suite_text.generation.options import TextOptions
from texts_on_disk import lines, problems

SHARED = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data"))


def load(path, **options):
    return load_text(path, TextOptions(**options))


def texts(examples):
    return [examples[index].input.text for index in range(len(examples))]


def refused(path, **options):
    with pytest.raises(UserError) as error:
        load(path, **options)
    return str(error.value)


def test_a_file_is_the_training_part_and_is_not_cleaned_of_its_line_breaks(tmp_path):
    path = lines(tmp_path / "book.txt", "It was a dark", "", "  and stormy night.")
    assert detect_text(path)
    dataset = load(path)
    assert texts(dataset.train) == ["It was a dark\n\n  and stormy night.\n"]
    assert dataset.train[0].target == 35
    assert list(dataset.splits) == ["train"]
    assert dataset.facts["cleaning"] == {
        "unicode": "NFC", "control_characters": "removed", "markup": "kept", "white_space": "kept"
    }  # fmt: skip


def test_a_folder_is_read_with_all_below_it_and_other_files_are_named(tmp_path):
    for name in ("a.txt", "more/b.md", "more/deep/c.TXT", "x.en"):
        lines(tmp_path / name, name)
    lines(tmp_path / "picture.png", "-")
    (tmp_path / "empty.txt").write_bytes(b"")
    assert detect_text(tmp_path)
    dataset = load(tmp_path)
    assert texts(dataset.train) == ["a.txt\n", "more/b.md\n", "more/deep/c.TXT\n", "x.en\n"]
    assert problems(dataset) == {
        "1 file is no text by the ending and left out: 'picture.png'": [],
        "1 file is empty": ["empty.txt"],
    }
    assert texts(load(tmp_path, suffixes=[".png"]).train) == ["-\n"]


@pytest.mark.parametrize(
    "names",
    [
        ["train.txt", "valid.txt", "test.txt"],
        ["wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"],
        ["train/1.txt", "dev/1.txt", "test/1.txt"],
    ],
)
def test_splits_are_files_or_folders_by_their_names(names, tmp_path):
    for name in names:
        lines(tmp_path / name, name)
    dataset = load(tmp_path)
    found = {split: texts(examples) for split, examples in dataset.splits.items()}
    assert found == {
        split: [f"{name}\n"] for split, name in zip(("train", "validation", "test"), names, strict=True)
    }
    lines(tmp_path / "notes.txt", "notes")
    assert problems(load(tmp_path)) == {"1 file is of no split and left out": ["notes.txt"]}


def test_a_few_files_that_are_called_like_parts_by_chance_make_no_parts(tmp_path):
    for name in ("training manual", "a novel", "another novel", "a test of time"):
        lines(tmp_path / f"{name}.txt", name)
    lines(tmp_path / "poems.txt", "poems")
    assert len(load(tmp_path).train) == 5


def test_without_a_training_part_everything_is_for_training_and_the_host_makes_the_others(tmp_path):
    for name in ("test.txt", "other.txt"):
        lines(tmp_path / name, *(f"{name} and line {number} of it" for number in range(200)))
    dataset = load(tmp_path, passage_bytes=128)
    assert list(dataset.splits) == ["train"]
    whole = len(dataset.train)
    dataset, notes = complete(dataset)
    assert [len(split) for split in dataset.splits.values()] == [whole - 2 * round(whole / 10)] + [
        round(whole / 10)
    ] * 2
    assert len(notes) == 2


def test_json_lines_are_read_by_their_column(tmp_path):
    rows = [{"text": "one\nand more", "id": 1}, {"text": "two"}]
    path = lines(tmp_path / "a.jsonl", *map(json.dumps, rows), "", "{", '{"id": 3}', '"three"')
    dataset = load(path)
    assert texts(dataset.train) == ["one\nand more", "two", "three"]
    left = "2 rows have no text and are left out"
    assert problems(dataset) == {left: ["a.jsonl, line 4", "a.jsonl, line 5"]}
    path = lines(tmp_path / "b.jsonl", '{"text": "x", "said": "y"}')
    assert texts(load(path, text_column="said").train) == ["y"]
    assert "has no text. 1 row has no text in 'sad'" in refused(path, text_column="sad")


def test_each_row_is_a_text_that_ends_and_conversations_are_texts(tmp_path):
    chat = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes.\nSo."}]}
    shared = {"conversations": [{"from": "human", "value": "A"}, {"from": "gpt", "value": "B"}]}
    asked = {"instruction": "Add", "input": "1 2", "output": "3"}
    path = lines(tmp_path / "a.jsonl", *map(json.dumps, [chat, shared, asked]))
    dataset = load(path, passage_bytes=64)
    assert texts(dataset.train) == [
        "user: Hi\nassistant: Yes.\nSo.", "user: A\nassistant: B", "user: Add\n1 2\nassistant: 3"
    ]  # fmt: skip
    assert all(dataset.train[index].input.ends_text for index in range(3))
    assert dataset.facts["files"] == {"chat": True}
    long = load(lines(tmp_path / "b.jsonl", json.dumps({"text": "word " * 30}), '"x"'), passage_bytes=64)
    assert [long.train[index].input.ends_text for index in range(len(long.train))] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.txt.gz"])
def test_tables_and_compressed_files_are_texts(name, tmp_path):
    rows = [{"title": "A", "text": "one"}, {"title": "B", "text": "two"}]
    content = {
        "a.csv": "title,text\nA,one\nB,two\n",
        "a.json": json.dumps(rows, indent=1),
        "a.txt.gz": "one\ntwo\n",
    }
    written = content[name.removesuffix(".gz") if name == "a.csv.gz" else name].encode()
    (tmp_path / name).write_bytes(gzip.compress(written) if name.endswith(".gz") else written)
    assert detect_text(tmp_path)
    assert detect_text(tmp_path / name)
    assert texts(load(tmp_path).train) == (["one\ntwo\n"] if name == "a.txt.gz" else ["one", "two"])
    if name == "a.csv":
        assert texts(load(tmp_path / name, text_column="title,text").train) == ["A\none", "B\ntwo"]


def test_a_table_without_texts_is_not_claimed(tmp_path):
    assert not detect_text(lines(tmp_path / "a.csv", "x,y", "1,2"))


def test_line_ends_and_other_normal_forms_are_not_learned_and_bytes_are_those_that_are(tmp_path):
    path = lines(tmp_path / "a.txt", "scho\u0308n", "und\u00adso", end="\r\n")
    dataset = load(path)
    assert texts(dataset.train) == ["schön\nundso\n"]
    assert dataset.train[0].target == len("schön\nundso\n".encode())
    assert dataset.problems == []
    kept = load(path, control_characters="kept", unicode="none")
    assert texts(kept.train) == ["scho\u0308n\r\nund\u00adso\r\n"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_other_encodings_are_read_and_named(encoding, tmp_path):
    content = ["Ein schöner Tag für süße Äpfel."] * 200
    path = lines(tmp_path / "a.txt", *content, encoding=encoding)
    dataset = load(path, passage_bytes=64)
    assert "".join(texts(dataset.train)) == "".join(f"{line}\n" for line in content)
    assert sum(dataset.train[index].target for index in range(len(dataset.train))) == 200 * 37
    if encoding == "cp1252":
        assert "a.txt is not UTF-8 and was read as Windows-1252" in dataset.problems[0]
        assert load(path, encoding="cp1252").problems == []
    else:
        assert dataset.problems == []


@pytest.mark.slow
def test_an_encoding_that_shows_late_in_a_large_file_is_told_too(tmp_path):
    path = lines(tmp_path / "a.txt", *["plain"] * 250_000, *["schöne Grüße"] * 50_000, encoding="cp1252")
    assert "was read as Windows-1252" in load(path).problems[0]


def test_broken_lines_and_nul_bytes_are_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("für\nbö\n".encode() + b"b\xffd\nnu\0l in a line that is longer\n")
    dataset = load(path)
    assert problems(dataset) == {
        "1 line is not all UTF-8": ["a.txt, line 3"], "1 line has NUL characters": ["a.txt, line 4"]
    }  # fmt: skip
    path.write_bytes("für\nbö\n".encode("utf-16") + b"\x00\xd8\n\x00")
    assert problems(load(path)) == {"1 line is not all UTF-16": ["a.txt, line 3"]}


@pytest.mark.slow
def test_a_line_of_fifty_megabytes_becomes_passages(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"start\n" + b"x" * 50_000_000 + b"\nend\n")
    dataset = load(path)
    assert sum(dataset.train[index].target for index in range(len(dataset.train))) == 50_000_011
    assert dataset.train[len(dataset.train) - 1].input.text.endswith("x\nend\n")


def test_passages_that_are_in_other_splits_too_are_left_out_of_train_and_counted(tmp_path):
    lines(tmp_path / "train/1.txt", "known")
    lines(tmp_path / "train/2.txt", "new")
    lines(tmp_path / "train/3.txt", "new")
    lines(tmp_path / "test/1.txt", "known")
    dataset = load(tmp_path)
    assert texts(dataset.train) == ["new\n", "new\n"]
    left = "1 passage is left out of train, since it is in another split too"
    assert problems(dataset) == {left: ["train/1.txt@0"]}
    assert len(load(tmp_path, duplicates="removed").train) == 1
    assert len(load(tmp_path, duplicates="kept").train) == 3
    lines(tmp_path / "train/2.txt", "known")
    lines(tmp_path / "train/3.txt", "known")
    assert "every training passage is in validation or test too" in refused(tmp_path)


def test_no_text_is_one_sentence(tmp_path):
    assert not detect_text(tmp_path)
    lines(tmp_path / "a.log", "x")
    assert "holds no file of text (.txt, .text, .md" in refused(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"")
    assert refused(tmp_path).startswith(f"{tmp_path} has no text. 1 file is no text by the ending")
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 20 + bytes(5000))
    assert "is no text: " in refused(tmp_path)


def test_real_data_is_read_with_no_option():
    if not (SHARED / "multi30k").is_dir():
        pytest.skip(f"there is no {SHARED / 'multi30k'}: set SUITE_DATA")
    dataset = load(SHARED / "multi30k")
    sizes = {
        split: sum(examples[index].target for index in range(len(examples)))
        for split, examples in dataset.splits.items()
    }
    assert sizes == {"train": 3_911_636, "validation": 139_278, "test": 132_725}
