"""Parquet tables whose cells are files: where they lie, what their columns are, and what is read when."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parquet_on_disk import write
from suite import UserError
from suite.kit import FileKind, ParquetData, holds_files_of, open_row_groups, tables

SOUND = FileKind(
    "Audio", ("audio", "wav"), lambda content: content.startswith(b"S"), "sounds", "audio_column"
)
IMAGE = FileKind("Image", ("image",), lambda content: content.startswith(b"P"), "images", "image_column")


def cell(content: bytes | None, path: str | None = None) -> dict[str, Any]:
    return {"bytes": content, "path": path}


ROWS = [
    {"audio": cell(b"S0", "/home/me/a.wav"), "text": "a", "label": 1},
    {"audio": cell(b"S01"), "text": "b", "label": 0},
    {"audio": cell(None, "c.wav"), "text": "c", "label": -1},
    {"audio": None, "text": "d", "label": 7},
    {"audio": cell(b"S4", "same.wav"), "text": "e", "label": 1},
    {"audio": cell(b"S5", "same.wav"), "text": "f", "label": 1},
]
FEATURES = {
    "audio": {"_type": "Audio"},
    "label": {"names": ["no", "yes"], "_type": "ClassLabel"},
}


def test_files_are_named_measured_and_read_by_row(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train-00000-of-00002.parquet", ROWS[:3], FEATURES)
    write(tmp_path / "data" / "train-00001-of-00002.parquet", ROWS[3:], FEATURES)
    write(tmp_path / "data" / "validation-00000-of-00001.parquet", ROWS[:1], FEATURES)
    data = ParquetData(tmp_path)
    assert {split: list(map(len, found)) for split, found in data.splits.items()} == {
        "train": [3, 3],
        "validation": [1],
    }
    files = data.files(SOUND)
    first, second = "data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"
    assert files.names == [
        f"{first}/a.wav", f"{first}/row 2", f"{first}/c.wav",
        f"{second}/row 1", f"{second}/row 2", f"{second}/row 3",
        "data/validation-00000-of-00001.parquet/a.wav",
    ]  # fmt: skip
    assert files.sizes.tolist() == [2, 3, 0, 0, 2, 2, 2]
    assert files.empty.tolist() == [False, False, True, True, False, False, False]
    assert [files.source(index).read() for index in (0, 1, 4, 5, 6)] == [b"S0", b"S01", b"S4", b"S5", b"S0"]
    with pytest.raises(UserError, match="row 1 has no content"):
        files.read(3)


def test_numbers_of_classes_are_their_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ROWS, FEATURES)
    rows = list(ParquetData(path).rows(["label", "text"]))
    assert [row.cells["label"] for row in rows] == ["yes", "no", None, 7, "yes", "yes"]
    assert (rows[3].split, rows[3].file, rows[3].number, rows[3].where) == ("train", 3, 4, "a.parquet, row 4")
    assert [row["label"] for _, row in tables.rows(path.read_bytes(), path.name)] == [
        row.cells["label"] for row in rows
    ]
    (groups,) = open_row_groups([path])
    values, which = groups.different(0, "label")
    assert [values[number] for number in which] == ["yes", "no"]


def test_classes_in_lists_and_objects(tmp_path: Path) -> None:
    names = {"names": ["no", "yes"], "_type": "ClassLabel"}
    path = write(
        tmp_path / "a.parquet",
        [{"labels": [1, 0], "objects": {"category": [1]}}],
        {"labels": {"feature": names, "_type": "List"}, "objects": {"category": [names]}},
    )
    data = ParquetData(path)
    assert next(data.rows(["labels"])).cells["labels"] == ["yes", "no"]
    assert data.tables[0].class_names("objects") == ["no", "yes"]
    assert data.tables[0].field_names("objects") == ["category"]


@pytest.mark.parametrize("features", [None, "not JSON", '{"info": []}', '{"info": {"features": 3}}'])
def test_what_describes_the_columns_may_be_nonsense(tmp_path: Path, features: str | None) -> None:
    table = pa.Table.from_pylist(ROWS).replace_schema_metadata({"huggingface": features or ""})
    pq.write_table(table, tmp_path / "a.parquet")
    assert next(ParquetData(tmp_path / "a.parquet").rows(["label"])).cells["label"] == 1


def test_which_column_holds_the_files(tmp_path: Path) -> None:
    said = write(tmp_path / "said.parquet", [{"x": cell(b"?"), "y": 1}], {"x": {"_type": "Audio"}})
    plain = write(tmp_path / "plain.parquet", [{"a": b"P", "b": b"S"}])
    images = write(tmp_path / "images.parquet", [{"audio": cell(b"P")}])
    lists = write(tmp_path / "lists.parquet", [{"audio": [cell(b"S")]}])
    assert [holds_files_of(path, SOUND) for path in (said, plain, images, lists)] == [
        True,
        True,
        False,
        False,
    ]
    assert [holds_files_of(path, IMAGE) for path in (said, plain, images)] == [False, True, True]
    assert ParquetData(plain).files(SOUND).read(0) == b"S"
    assert ParquetData(plain).files(SOUND, "a").read(0) == b"P"
    with pytest.raises(UserError, match="no column 'z'"):
        ParquetData(plain).files(SOUND, "z")
    with pytest.raises(UserError, match="'y' .audio_column. holds no files"):
        ParquetData(said).files(SOUND, "y")
    with pytest.raises(UserError, match=r"no column of images as bytes \('image', say\)"):
        ParquetData(said).files(IMAGE)


def test_where_the_tables_lie(tmp_path: Path) -> None:
    def splits(*names: str) -> dict[str, list[str]]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name in names:
            write(folder / name, ROWS[:1])
        return {
            split: [str(table.path.relative_to(folder)) for table in found]
            for split, found in ParquetData(folder).splits.items()
        }

    assert splits("train/0000.parquet", "test/0000.parquet") == {
        "test": ["test/0000.parquet"],
        "train": ["train/0000.parquet"],
    }
    assert splits("a.parquet", "b.parquet") == {"train": ["a.parquet", "b.parquet"]}
    assert splits("a.parquet", "test.parquet") == {"train": ["a.parquet"], "test": ["test.parquet"]}
    assert splits("test.parquet") == {"train": ["test.parquet"]}
    assert splits("en/train-0.parquet") == {"train": ["en/train-0.parquet"]}
    with pytest.raises(UserError, match="'other.parquet' is called after no split"):
        splits("train.parquet", "other.parquet")
    for name in ("de", "en"):
        write(tmp_path / "several" / name / "train.parquet", ROWS[:1])
    sentence = holds_files_of(tmp_path / "several", SOUND)
    assert "in several folders, 'de', 'en': give the path of one" in str(sentence)
    assert holds_files_of(tmp_path / "several", IMAGE) is False
    (tmp_path / "none").mkdir()
    assert holds_files_of(tmp_path / "none", SOUND) is False


def test_files_in_arrow_files_are_to_be_written_as_parquet(tmp_path: Path) -> None:
    described = json.dumps({"info": {"features": FEATURES}})
    table = pa.Table.from_pylist(ROWS).replace_schema_metadata({b"huggingface": described.encode()})
    path = tmp_path / "saved" / "train" / "data-00000-of-00001.arrow"
    path.parent.mkdir(parents=True)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (path.parent / "state.json").touch()
    (path.parent.parent / "dataset_dict.json").touch()
    for given in (path, path.parent, path.parent.parent):
        assert "has sounds in Arrow's own files, which are not read: write Parquet" in str(
            holds_files_of(given, SOUND)
        )
        assert holds_files_of(given, IMAGE) is False


def test_tables_in_an_archive_are_to_be_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ROWS)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "data/train.parquet")
    assert "has .parquet files in it, which are read from a file or a folder: unpack it" in str(
        holds_files_of(tmp_path / "a.zip", SOUND)
    )


def test_damaged_tables_are_named(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.parquet", ROWS).read_bytes()
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole[: len(whole) // 2])
    sentence = holds_files_of(cut, SOUND)
    assert "cut.parquet is damaged" in str(sentence)
    write(tmp_path / "two" / "a.parquet", ROWS)
    write(tmp_path / "two" / "b.parquet", [{"audio": cell(b"S")}])
    with pytest.raises(UserError, match="give tables with the same columns"):
        ParquetData(tmp_path / "two")
    with pytest.raises(UserError, match="has no column for the transcripts"):
        ParquetData(tmp_path / "whole.parquet").column("", ("sentence",), "text_column", "transcripts")


@pytest.mark.parametrize("dictionary", [True, False])
def test_texts_that_are_no_utf_8_are_damage(tmp_path: Path, dictionary: bool) -> None:
    offsets = pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0")
    texts = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"ab\xff\xfe"))
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": texts}), path, use_dictionary=dictionary)
    (table,) = open_row_groups([path])
    for read in (table.texts, table.cells, table.different):
        with pytest.raises(UserError, match=r"a\.parquet is damaged.*UTF8"):
            read(0, "text")
