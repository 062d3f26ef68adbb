"""Tables as people and tools write them: several labels, columns of 0 and 1, ids, images elsewhere."""

import gzip
import json

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_image_classification.loaders import folder as folder_loader
from suite_image_classification.loaders import table as loader
from suite_image_classification.loaders.table_columns import joined_labels, list_in_text
from suite_image_classification.options import TableOptions


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    return path


def read(path, **options):
    return loader.load(path, TableOptions(**options))


def listed(examples):
    return {examples[index].id: examples[index].target for index in range(len(examples))}


def packed(path, rows):
    """A table in the format that its ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(row) for row in rows]
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    elif path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]))
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        pq.write_table(pa.Table.from_pylist([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]), path)
    return path


ROWS = [("path", "label"), ("a.jpg", "cat"), ("b.jpg", "dog")]


@pytest.mark.parametrize("ending", ["csv.gz", "json", "xlsx", "parquet"])
def test_tables_of_all_kinds_are_read(tmp_path, ending):
    make(tmp_path, "a.jpg", "b.jpg")
    table = packed(tmp_path / f"list.{ending}", ROWS)
    assert loader.detect(table)
    assert listed(read(table).train) == {"a.jpg": "cat", "b.jpg": "dog"}
    table.rename(tmp_path / f"train.{ending}")
    packed(tmp_path / f"test.{ending}", ROWS[:2])
    assert loader.detect(tmp_path)
    assert not folder_loader.detect(tmp_path)
    dataset = read(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (2, 1)


@pytest.mark.parametrize("ending", ["json", "xlsx", "parquet"])
def test_what_has_no_paths_and_labels_is_no_table_of_images(tmp_path, ending):
    make(tmp_path, "cat/a.jpg", "dog/b.jpg")
    table = packed(tmp_path / f"train.{ending}", [("text", "score", "label"), ("a.jpg", "1", "2")])
    assert not loader.detect(table)
    assert not loader.detect(tmp_path)
    assert folder_loader.detect(tmp_path)


def test_columns_with_a_single_1_are_one_label(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    table = write(
        tmp_path / "train.csv", "image,cat,dog,cow", "a.jpg,1,0,0", "b.jpg,0,1,0", "c.jpg,1.0,0.0,0.0"
    )
    dataset = read(table)
    assert listed(dataset.train) == {"a.jpg": "cat", "b.jpg": "dog", "c.jpg": "cat"}
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": False}
    assert dataset.problems == [
        "2 columns of 0 and 1 are classes: 'cat', 'dog'",
        "1 column has no 1, so there is no class of its name: 'cow'",
    ]
    assert [problem.wrong for problem in dataset.problems] == [False, True]


def test_columns_with_any_number_of_1_are_several_labels(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg")
    table = write(tmp_path / "t.csv", "path,age,cat,dog", "a.jpg,7,1,1", "b.jpg,9,0,false")
    dataset = read(table)
    assert listed(dataset.train) == {"a.jpg": ["cat", "dog"], "b.jpg": []}
    assert dataset.facts["multi_label"]
    assert listed(read(table, label_column="dog,cat").train)["a.jpg"] == ["dog", "cat"]
    with pytest.raises(UserError, match="line 2: '7' in column 'age' is neither 0 nor 1"):
        read(table, label_column="age,cat")


def test_a_table_of_roboflow_in_each_split(tmp_path):
    for split, lines in {"train": ("a.jpg, 1, 0", "b.jpg, 0, 1"), "valid": ("a.jpg, 0, 1",)}.items():
        make(tmp_path / split, "a.jpg", "b.jpg")
        write(tmp_path / split / "_classes.csv", "filename, cat, dog", *lines)
    dataset = read(tmp_path)
    assert not folder_loader.detect(tmp_path)
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": True}
    assert listed(dataset.train) == {"train/a.jpg": ["cat"], "train/b.jpg": ["dog"]}
    assert listed(dataset.validation) == {"valid/a.jpg": ["dog"]}
    assert dataset.train[0].input.read() == b"a.jpg"


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("in_splits", [True, False])
def test_metadata_of_hugging_face(tmp_path, suffix, in_splits):
    rows = {"train/a.jpg": "cat", "train/b/c.jpg": "dog", "test/a.jpg": "cat"}
    make(tmp_path, *rows)
    tables: dict[str, list[tuple[str, str]]] = {}
    for name, label in rows.items():
        split, _, below = name.partition("/")
        if in_splits:
            tables.setdefault(f"{split}/", []).append((below, label))
        else:
            tables.setdefault("", []).append((name, label))
    for folder, pairs in tables.items():
        if suffix == "csv":
            lines = ["file_name,label,note", *(f"{name},{label},x y" for name, label in pairs)]
        else:
            lines = [json.dumps({"file_name": name, "label": label, "note": 1}) for name, label in pairs]
        write(tmp_path / f"{folder}metadata.{suffix}", *lines)
    dataset = read(tmp_path)
    assert not folder_loader.detect(tmp_path)
    assert {**listed(dataset.train), **listed(dataset.test)} == rows
    assert listed(dataset.test) == {"test/a.jpg": "cat"}


def test_metadata_without_labels_are_no_table_of_labels(tmp_path):
    make(tmp_path, "cat/a.jpg", "dog/b.jpg")
    write(tmp_path / "metadata.csv", "file_name,width,height", "cat/a.jpg,3,4")
    assert not loader.detect(tmp_path)
    assert folder_loader.detect(tmp_path)


def test_ids_without_an_ending_are_found_in_the_folder_of_the_split(tmp_path):
    make(tmp_path, "train/a.jpg", "train/b.png", "test/a.jpg", "other/c.JPEG")
    write(tmp_path / "train.csv", "id,breed", "a,pug", "b,collie", "c,pug")
    write(tmp_path / "sample_submission.csv", "id,pug,collie")
    write(tmp_path / "test.csv", "id", "a")
    dataset = read(tmp_path)
    assert listed(dataset.train) == {"train/a.jpg": "pug", "train/b.png": "collie", "other/c.JPEG": "pug"}
    assert dataset.problems == ["test.csv has no labels, left out"]


def test_images_elsewhere(tmp_path):
    make(tmp_path / "photos", "x/a.jpg", "x/B.jpg", "y/caf\u00e9.jpg", "y/a.jpg")
    table = write(tmp_path / "tables" / "t.csv", "file,label", "x/a,cat", "b.JPG,dog", "cafe\u0301.jpg,cat")
    for folder in (str(tmp_path / "photos"), "../photos"):
        assert listed(read(table, images=folder).train) == {
            "x/a.jpg": "cat",
            "x/B.jpg": "dog",
            "y/caf\u00e9.jpg": "cat",
        }
    with pytest.raises(UserError, match="line 2: there is no file"):
        read(table)
    with pytest.raises(UserError, match=r"there is no folder 'gone' \(loader.images\)"):
        read(table, images="gone")
    write(table, "file,label", "a,cat", "x/B.jpg,dog")
    with pytest.raises(UserError, match="line 2: 'a' is the name of several images, 'x/a.jpg', 'y/a.jpg'"):
        read(table, images="../photos")


def test_images_that_were_moved_are_found_and_said(tmp_path):
    make(tmp_path, "new/a.jpg", "new/b.jpg")
    dataset = read(write(tmp_path / "t.csv", "path,label", "/home/me/a.jpg,cat", "new/b.jpg,dog"))
    assert listed(dataset.train) == {"new/a.jpg": "cat", "new/b.jpg": "dog"}
    (problem,) = dataset.problems
    assert problem.startswith("1 image lies in another folder than the table says")


@pytest.mark.parametrize(
    ("labels", "separator"),
    [
        (["disc shiny", "square", "bar square", "disc"], " "),
        (["disc,shiny", "square", "bar,square", "disc"], ","),
        (["haze water", "haze road", "clear water", "clear road", "clear water road"], " "),
        (["a|b", "c"], "|"),
        (["a;b", "c"], ";"),
        (["cat/dog", "cat", "dog"], "/"),
        (["golden retriever", "labrador retriever", "cat"], None),
        (["tench, Tinca tinca", "goldfish, Carassius auratus"], None),
        (["cat", "dog"], None),
        (["|", "a"], None),
    ],
)
def test_labels_that_may_be_several_are_asked_about(tmp_path, labels, separator):
    names = [f"{number}.jpg" for number in range(len(labels))]
    make(tmp_path, *names)
    rows = [f'{name},"{label}"' for name, label in zip(names, labels, strict=True)]
    table = write(tmp_path / "t.csv", "path,tags", *rows)
    problems = read(table).problems
    assert [problem.rpartition("loader.label_separator=")[2] for problem in problems] == (
        [f"'{separator}'"] if separator else []
    )
    if separator:
        targets = listed(read(table, label_separator=separator).train).values()
        assert not any(separator in label for target in targets for label in target)


@pytest.mark.parametrize("cells", [("['a', 'b']", "[]", '["a"]'), ('["a", "b"]', "[]", "[ 'a' ]")])
def test_lists_written_as_text_are_several_labels(tmp_path, cells):
    make(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    lines = [f"{number}.jpg\t{cell}" for number, cell in enumerate(cells, 1)]
    dataset = read(write(tmp_path / "t.tsv", "path\tlabels", *lines))
    assert listed(dataset.train) == {"1.jpg": ["a", "b"], "2.jpg": [], "3.jpg": ["a"]}
    assert dataset.facts["multi_label"]
    assert "read as several labels" in dataset.problems[0]


@given(st.lists(st.text(max_size=5), max_size=4, unique=True), st.booleans())
def test_any_list_in_text_is_read_as_it_was_written(labels, as_json):
    assert list_in_text(json.dumps(labels) if as_json else repr(labels)) == labels


@given(st.lists(st.text(alphabet="ab ,|[]'", max_size=6), max_size=8))
def test_any_labels_are_asked_about_once_or_not_at_all(labels):
    assert len(joined_labels(labels)) <= 1
    for label in labels:
        list_in_text(label)


def test_a_table_without_a_header(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg")
    assert listed(read(write(tmp_path / "t.csv", "a.jpg,cat", "b.jpg,dog")).train) == {
        "a.jpg": "cat",
        "b.jpg": "dog",
    }


def test_splits_by_a_column_as_people_spell_them(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    table = write(
        tmp_path / "t.csv", "path,label,Usage", "a.jpg,x,Training", "b.jpg,y,Training", "c.jpg,x,PublicTest"
    )
    assert list(read(table).splits) == ["train", "test"]


def test_tables_called_after_splits_among_other_words(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path / "train_labels.csv", "path,label", "a.jpg,x", "b.jpg,y")
    write(tmp_path / "val-labels.csv", "path,label", "b.jpg,y")
    assert list(read(tmp_path).splits) == ["train", "validation"]


def test_classes_of_a_table_are_chosen_too(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    table = write(tmp_path / "t.csv", "path,labels", "a.jpg,x|y", "b.jpg,y|z", "c.jpg,z")
    dataset = read(table, label_separator="|", classes="y=why,x=why")
    assert listed(dataset.train) == {"a.jpg": ["why"], "b.jpg": ["why"], "c.jpg": []}
    assert listed(read(table, label_separator="|", single_class=True).train)["c.jpg"] == ["object"]
