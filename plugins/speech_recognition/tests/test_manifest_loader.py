"""Manifests in TSV, CSV and JSON lines: what is read, and what is left out with its line."""

import csv
import io
import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_on_disk import problems, recordings, rows, table
from suite import UserError
from suite.kit import tables
from suite_speech_recognition.loaders.detection import detect_manifest
from suite_speech_recognition.loaders.manifest import load as load_manifest
from suite_speech_recognition.loaders.options import ManifestOptions


def load(path, **options):
    return load_manifest(Path(path), ManifestOptions(**options))


def refused(path, **options):
    with pytest.raises(UserError) as error:
        load(path, **options)
    return str(error.value)


@pytest.fixture
def folder(tmp_path):
    return recordings(tmp_path / "data", "clips/a.wav", "clips/b.wav", "clips/c.wav")


# What is read


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("m.tsv", ["path\ttext\tspeaker", "clips/a.wav\thello you\tann", "clips/b.wav\t你好, 世界\tbo"]),
        ("m.csv", ["path,text,speaker", "clips/a.wav,hello you,ann", 'clips/b.wav,"你好, 世界",bo']),
        ("m.csv", ["speaker;path;text", "ann;clips/a.wav;hello you", "bo;clips/b.wav;你好, 世界"]),
        ("m.csv", ["path|text|speaker", "clips/a.wav|hello you|ann", "clips/b.wav|你好, 世界|bo"]),
        (
            "m.jsonl",
            [
                '{"path": "clips/a.wav", "text": "hello you", "speaker": "ann"}',
                "",
                '{"speaker": "bo", "text": "你好, 世界", "path": "clips/b.wav"}',
            ],
        ),
        (
            "m.json",
            [
                '[{"path": "clips/a.wav", "text": "hello you", "speaker": "ann"},',
                '{"path": "clips/b.wav", "text": "你好, 世界", "speaker": "bo"}]',
            ],
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_kind_of_manifest_says_the_same(name, lines, encoding, folder):
    manifest = table(folder / name, *lines, encoding=encoding)
    dataset = load(manifest)
    assert rows(dataset.train) == [("clips/a.wav", "hello you", "ann"), ("clips/b.wav", "你好, 世界", "bo")]
    assert list(dataset.splits) == ["train"]
    assert dataset.problems == []
    assert detect_manifest(manifest)
    assert detect_manifest(folder)


@pytest.mark.parametrize(
    "header",
    [
        "path,text,speaker",
        "File Name,Sentence,client_id",
        "audio_filepath,transcription,spk",
        "wav,TRANSCRIPT,Speaker ID",
    ],
)
def test_columns_are_found_by_their_names(header, folder):
    manifest = table(folder / "m.csv", header, "clips/a.wav,hello,ann")
    assert rows(load(manifest).train) == [("clips/a.wav", "hello", "ann")]


def test_columns_can_be_named(folder):
    manifest = table(folder / "m.csv", "path,where,text,said,who", "x,clips/a.wav,y,hello,ann")
    dataset = load(manifest, path_column="where", text_column="said", speaker_column="who")
    assert rows(dataset.train) == [("clips/a.wav", "hello", "ann")]


def test_the_manifests_of_a_folder_are_its_splits(folder):
    for split, name in [("train", "a"), ("dev", "b"), ("test", "c")]:
        table(folder / f"{split}.tsv", "path\ttext", f"clips/{name}.wav\t{split}")
    dataset = load(folder)
    assert {split: rows(examples) for split, examples in dataset.splits.items()} == {
        "train": [("clips/a.wav", "train", None)],
        "validation": [("clips/b.wav", "dev", None)],
        "test": [("clips/c.wav", "test", None)],
    }


def test_a_column_can_name_the_split(folder):
    manifest = table(
        folder / "m.csv",
        "path,text,split",
        "clips/a.wav,x,train",
        "clips/b.wav,y,Val",
        "clips/c.wav,z,test-clean",
    )
    assert {split: len(examples) for split, examples in load(manifest).splits.items()} == {
        "train": 1, "validation": 1, "test": 1
    }  # fmt: skip


def test_parts_of_recordings_have_times(folder):
    manifest = table(
        folder / "m.csv",
        "path,text,start,end",
        "clips/a.wav,one,0,0.02",
        "clips/a.wav,two,0.02,0.05",
        "clips/a.wav,all,,",
    )
    dataset = load(manifest)
    assert [example.id for example in dataset.train] == [
        "clips/a.wav 0-0.02", "clips/a.wav 0.02-0.05", "clips/a.wav"
    ]  # fmt: skip
    assert [(example.input.start, example.input.end) for example in dataset.train] == [
        (0, 0.02),
        (0.02, 0.05),
        (None, None),
    ]


def test_a_duration_counts_from_an_offset_as_in_nemo(folder):
    lines = [
        {"audio_filepath": "clips/a.wav", "text": "one", "duration": 0.05},
        {"audio_filepath": "clips/b.wav", "text": "two", "offset": 0.01, "duration": 0.02},
    ]
    manifest = table(folder / "train_manifest.json", *map(json.dumps, lines))
    times = [(example.input.start, example.input.end) for example in load(manifest).train]
    assert times == [(None, None), (0.01, pytest.approx(0.03))]


def test_recordings_may_lie_elsewhere(folder, tmp_path):
    manifest = table(
        tmp_path / "other" / "m.csv",
        "path,text",
        "a.wav,x",
        f"{folder / 'clips' / 'b.wav'},y",
        "../data/clips/c.wav,z",
    )
    shutil.copy(folder / "clips" / "a.wav", tmp_path / "other" / "a.wav")
    assert len(load(manifest).train) == 3
    dataset = load(
        table(tmp_path / "other" / "n.csv", "path,text", "a.wav,x"), recordings=str(folder / "clips")
    )
    assert dataset.train[0].input.read() == (folder / "clips" / "a.wav").read_bytes()


def test_an_archive_is_read_without_unpacking(folder, tmp_path):
    table(folder / "train.tsv", "path\ttext", "clips/a.wav\tx")
    table(folder / "test.tsv", "path\ttext", "clips/b.wav\ty")
    with zipfile.ZipFile(tmp_path / "flat.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    with tarfile.open(tmp_path / "wrapped.tar.gz", "w:gz") as archive:
        archive.add(folder, "data")
    for name in ("flat.zip", "wrapped.tar.gz"):
        assert detect_manifest(tmp_path / name)
        dataset = load(tmp_path / name)
        assert {split: len(examples) for split, examples in dataset.splits.items()} == {"train": 1, "test": 1}
        assert dataset.train[0].input.read() == (folder / "clips" / "a.wav").read_bytes()
        assert dataset.train[0].id.endswith("clips/a.wav")


def test_a_folder_around_the_data_is_passed_through(folder):
    table(folder / "train.tsv", "path\ttext", "clips/a.wav\tx")
    assert detect_manifest(folder.parent)
    assert len(load(folder.parent).train) == 1


# What is left out, with its line


def test_rows_that_cannot_be_used_are_named_and_the_others_go_on(folder):
    manifest = table(
        folder / "m.csv",
        "path,text,start,end",
        "clips/a.wav,hello,,",
        "clips/no.wav,gone,,",
        "clips/b.wav,  ,,",
        ",nothing,,",
        "https://example.org/a.wav,far,,",
        "clips/b.wav,backwards,2,1",
        "clips/b.wav,before,-1,1",
        "clips/b.wav,words,soon,1",
        "clips/b.wav,too,many,cells,here",
        "clips,folder,,",
    )
    dataset = load(manifest)
    assert rows(dataset.train) == [("clips/a.wav", "hello", None)]
    assert problems(dataset) == {
        "2 examples whose recording is not there (paths are relative to the manifest), left out": [
            "m.csv, line 3: clips/no.wav", "m.csv, line 11: clips"
        ],
        "1 example with an empty transcript, left out": ["m.csv, line 4"],
        "1 example without a path, left out": ["m.csv, line 5"],
        "1 example with an address in place of a file (download the recordings first), left out": [
            "m.csv, line 6: https://example.org/a.wav"
        ],
        "3 examples with a bad time range, left out": [
            "m.csv, line 7: it ends at 1 s, but begins at 2 s",
            "m.csv, line 8: start '-1' is no time in seconds",
            "m.csv, line 9: start 'soon' is no time in seconds",
        ],
        "1 example with another number of cells than the header's 4, left out": ["m.csv, line 10"],
    }  # fmt: skip


def test_of_rows_for_one_recording_the_first_counts(folder):
    manifest = table(folder / "m.csv", "path,text", "clips/a.wav,x", "clips/a.wav,x", "clips/a.wav,y")
    dataset = load(manifest)
    assert rows(dataset.train) == [("clips/a.wav", "x", None)]
    assert problems(dataset) == {
        "1 example equal to an earlier one, left out": ["m.csv, line 3"],
        "1 example with another transcript or speaker than an earlier one has for that recording, left out": [
            "m.csv, line 4"
        ],
    }


def test_lines_that_are_no_json_and_an_unknown_part_are_named(folder):
    good = '{"path": "clips/a.wav", "text": "x", "split": "train"}'
    manifest = table(folder / "m.jsonl", good, "{broken", "3", good.replace("train", "maybe"))
    assert problems(load(manifest)) == {
        "1 example that cannot be read as JSON, left out": ["m.jsonl, line 2"],
        "1 example other than a JSON object, left out": ["m.jsonl, line 3"],
        "1 example of neither train, validation nor test, left out": ["m.jsonl, line 4: maybe"],
    }


# What cannot be read at all


def test_a_missing_column_is_told_with_those_that_are_there(folder):
    manifest = table(folder / "m.tsv", "path\twords spoken", "clips/a.wav\thello")
    assert refused(manifest) == (
        f"{manifest} has no column for what is said ('text', say), only 'path', 'words spoken':"
        " name it with --set loader.text_column=NAME, or if these are no names but the first row, --set"
        " loader.header=false and columns by number, loader.text_column=2"
    )
    manifest = table(folder / "m.tsv", "place\ttext", "clips/a.wav\thello")
    assert "has no column for the recordings' paths ('path', say), only 'place', 'text'" in refused(manifest)
    assert detect_manifest(manifest)


def test_a_column_that_is_named_and_not_there_is_refused_with_the_nearest(folder):
    manifest = table(folder / "m.tsv", "path\tsentence", "clips/a.wav\thello")
    assert refused(manifest, text_column="sentense") == (
        f"{manifest} has no column 'sentense' (text_column): did you mean 'sentence'?"
    )


def test_where_no_row_can_be_used_the_reasons_are_said(folder):
    manifest = table(folder / "m.tsv", "path\ttext", "k.wav\tx", "l.wav\ty")
    assert refused(manifest) == (
        f"{manifest} has no example that can be used: 2 examples whose recording is not there (paths are"
        " relative to the manifest), left out: 'm.tsv, line 2: k.wav', 'm.tsv, line 3: l.wav'"
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "has no rows"),
        (["path\ttext"], "has no rows"),
        (["path\ttext\ttext", "clips/a.wav\tx\ty"], "has more than one column called 'text'"),
    ],
)
def test_a_manifest_without_rows_or_with_twin_columns_is_refused(lines, says, folder):
    assert says in refused(table(folder / "m.tsv", *lines))


def test_a_manifest_in_an_older_encoding_is_read_and_said(folder):
    lines = ("path\ttext", "clips/a.wav\tgrüße", "clips/b.wav\tgroße Mühe")
    manifest = table(folder / "m.tsv", *lines, encoding="windows-1252")
    dataset = load(manifest)
    assert [text for _, text, _ in rows(dataset.train)] == ["grüße", "große Mühe"]
    assert "it was read as Windows-1252" in str(dataset.problems[0])
    assert not load(manifest, encoding="windows-1252").problems


def test_a_manifest_that_is_no_text_is_refused(folder):
    (folder / "m.tsv").write_bytes(bytes(300))
    assert "is no text" in refused(folder / "m.tsv")


def test_data_may_be_there_to_be_scored_alone(folder):
    test = table(folder / "test.tsv", "path\ttext", "clips/b.wav\tx")
    assert {name: len(split) for name, split in load(folder).splits.items()} == {
        "train": 0,
        "test": 1,
    }
    assert len(load(test).train) == 1  # by itself, it is all there is


def test_a_folder_with_two_manifests_for_a_part_is_refused(folder):
    table(folder / "train.tsv", "path\ttext", "clips/c.wav\tx")
    table(folder / "train.csv", "path,text", "clips/c.wav,x")
    assert "more than one manifest for the train split: 'train.csv', 'train.tsv'" in refused(folder)


def test_what_is_no_manifest_is_not_recognized(folder, tmp_path):
    assert not detect_manifest(folder)
    assert not detect_manifest(table(tmp_path / "labels.csv", "text,label", "hello,good"))
    assert not detect_manifest(table(tmp_path / "images.csv", "path,text", "a.png,hello"))
    assert not detect_manifest(table(tmp_path / "notes.txt", "path,text", "clips/a.wav,hello"))
    assert "is no manifest" in refused(folder)


# Tables

CELL = (
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r\t\0\ufeff"), min_size=1)
    .map(str.strip)
    .filter(bool)
)


@pytest.mark.slow
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_what_is_written_as_csv_tsv_or_json_is_read_again(cells):
    expected = [{"path": path, "text": text} for path, text in cells]
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerows([("path", "text"), *cells])
    found = [row for _, row in tables.rows(written.getvalue().encode(), "a.csv")]
    assert found == expected
    lines = "".join(json.dumps(row) + "\n" for row in expected)
    assert [row for _, row in tables.rows(lines.encode(), "a.jsonl")] == expected

    def tsv_cell(cell):
        return '"' + cell.replace('"', '""') + '"' if cell[0] == '"' else cell

    text = "path\ttext\n" + "".join("\t".join(map(tsv_cell, row)) + "\n" for row in cells)
    assert [row for _, row in tables.rows(text.encode(), "a.tsv")] == expected


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json"]))
def test_whatever_a_table_holds_it_has_rows_or_one_sentence(content, name):
    said = ""
    try:
        for line, row in tables.rows(content, name):
            assert line >= 1
            assert isinstance(row, str | dict)
    except UserError as error:
        said = str(error)
    assert "\n" not in said.replace("\\n", "")


def test_a_quotation_mark_within_a_cell_of_a_tsv_is_one():
    content = b'path\ttext\na.wav\the said "no\nb.wav\t"""No"" he said"\nc.wav\t"no" and "yes"\n'
    assert [row["text"] for _, row in tables.rows(content, "a.tsv")] == [
        'he said "no', '"No" he said', '"no" and "yes"'
    ]  # fmt: skip


def test_sections_that_are_called_alike_are_one(tmp_path):
    recordings(tmp_path, "a.wav")
    listed = [
        "path\tstart\tend\ttext",
        "a.wav\t\t0.04\tone",
        "a.wav\t0\t0.04\tone",
        "a.wav\t0\t0.0400000000001\tone",
    ]
    table(tmp_path / "m.tsv", *listed)
    dataset = load(tmp_path / "m.tsv")
    assert [example_id for example_id, _, _ in rows(dataset.train)] == ["a.wav 0-0.04"]
    assert problems(dataset) == {
        "2 examples equal to an earlier one, left out": ["m.tsv, line 3", "m.tsv, line 4"]
    }
