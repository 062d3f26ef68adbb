"""Folders, archives and tables of images; messages on what is wrong have the location."""

import json
import os
import re
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite_classification.contract import KnownTargets, check
from suite_image_classification.loaders import folder as folder_loader
from suite_image_classification.loaders import table as table_loader
from suite_image_classification.options import FolderOptions, TableOptions
from suite_image_classification.survey import survey_of


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
    return folder


def folder(path):
    return folder_loader.load(path, FolderOptions())


def table(path, **options):
    return table_loader.load(path, TableOptions(**options))


def listed(split):
    return {split[index].id: split[index].target for index in range(len(split))}


PLAIN = ("cat/1.jpg", "cat/2.PNG", "dog/1.jpeg")
IN_SPLITS = ("train/cat/1.jpg", "train/dog/1.jpg", "val/cat/2.jpg", "Test/dog/3.jpg")


def test_a_folder_per_class(tmp_path):
    dataset = folder(make(tmp_path, *PLAIN))
    assert listed(dataset.train) == {"cat/1.jpg": "cat", "cat/2.PNG": "cat", "dog/1.jpeg": "dog"}
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": False}
    assert list(dataset.splits) == ["train"]
    assert dataset.problems == []
    assert dataset.train[0].input.read() == b"cat/1.jpg"


@pytest.mark.parametrize("name", ["validation", "val", "Valid", "dev"])
def test_splits(tmp_path, name):
    dataset = folder(
        make(tmp_path, "Train/cat/1.jpg", "Train/dog/1.jpg", f"{name}/cat/2.jpg", "test/dog/3.jpg")
    )
    assert listed(dataset.train) == {"Train/cat/1.jpg": "cat", "Train/dog/1.jpg": "dog"}
    assert listed(dataset.validation) == {f"{name}/cat/2.jpg": "cat"}
    assert listed(dataset.test) == {"test/dog/3.jpg": "dog"}


@pytest.mark.parametrize("names", [PLAIN, IN_SPLITS])
@pytest.mark.parametrize("wrapper", ["", "my data/", "a/b/"])
def test_a_zip_as_users_make_them(tmp_path, names, wrapper):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for name in names:
            archive.writestr(f"{wrapper}{name}", b"x")
        archive.writestr(f"__MACOSX/{wrapper}cat/._1.jpg", b"x")
        archive.writestr(f"{wrapper}.DS_Store", b"x")
    dataset = folder(tmp_path / "data.zip")
    assert dataset.facts["classes"] == ["cat", "dog"]
    assert sum(map(len, dataset.splits.values())) == len(names)
    assert dataset.problems == []


def test_a_tar(tmp_path):
    with tarfile.open(tmp_path / "data.tgz", "w:gz") as archive:
        archive.add(make(tmp_path / "images", *IN_SPLITS), "images")
    assert list(folder(tmp_path / "data.tgz").splits) == ["train", "validation", "test"]


def test_folders_below_a_class_belong_to_it(tmp_path):
    dataset = folder(make(tmp_path, "cat/1.jpg", "cat/old/2.jpg", "dog/a/b/3.jpg"))
    assert listed(dataset.train) == {"cat/1.jpg": "cat", "cat/old/2.jpg": "cat", "dog/a/b/3.jpg": "dog"}


def test_a_class_may_be_called_train(tmp_path):
    dataset = folder(make(tmp_path, "bus/1.jpg", "train/1.jpg", "car/1.jpg"))
    assert dataset.facts["classes"] == ["bus", "car", "train"]


def test_classes_may_be_called_test_and_dev(tmp_path):
    dataset = folder(make(tmp_path, "dev/a/1.jpg", "ops/a/1.jpg", "test/a/1.jpg"))
    assert dataset.facts["classes"] == ["dev", "ops", "test"]


def test_what_is_loaded_satisfies_the_task(tmp_path):
    dataset = folder(make(tmp_path, *IN_SPLITS))
    assert isinstance(dataset.train, KnownTargets)
    check(dataset)
    with pytest.raises(UserError, match="the target of 'train/cat/1.jpg' .* must be a list of class names"):
        check(replace(dataset, facts={**dataset.facts, "multi_label": True}))


def test_examples_are_random_access(tmp_path):
    train = folder(make(tmp_path, *PLAIN)).train
    assert [train[index].id for index in (2, 0, -1)] == ["dog/1.jpeg", "cat/1.jpg", "dog/1.jpeg"]
    with pytest.raises(IndexError):
        train[3]


def test_files_that_are_no_images_are_counted_and_named(tmp_path):
    dataset = folder(make(tmp_path, *PLAIN, "README.txt", "cat/x.txt", "cat/y.txt", "dog/z"))
    assert dataset.problems == [
        "4 files are no images by the ending: 'README.txt', 'cat/x.txt', 'cat/y.txt' and 1 more"
    ]


def test_images_outside_of_class_folders_are_counted_and_named(tmp_path):
    dataset = folder(make(tmp_path, *IN_SPLITS, "train/loose.jpg", "extra/cat/1.jpg", "top.jpg"))
    assert dataset.problems == [
        "3 images lie in no class folder, left out: 'extra/cat/1.jpg', 'top.jpg', 'train/loose.jpg'"
    ]


def test_labels_that_look_alike(tmp_path):
    dataset = folder(
        make(tmp_path, "Cat/1.jpg", "cat /1.jpg", "dog/1.jpg", "caf\u00e9/1.jpg", "cafe\u0301/1.jpg")
    )
    assert [problem.partition(" look alike")[0] for problem in sorted(dataset.problems)] == [
        "the classes 'Cat' and 'cat '",
        "the classes 'cafe\u0301' and 'caf\u00e9'",
    ]


def test_names_that_are_not_utf8(tmp_path):
    make(tmp_path, *PLAIN)
    (tmp_path / "cat" / os.fsdecode(b"\xff.jpg")).write_bytes(b"")
    problems = folder(tmp_path).problems
    assert len(problems) == 1
    assert "a name that is not UTF-8" in problems[0]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "is empty: put the images of each class in a folder"),
        (("a.txt", "b/c.txt"), "holds no images .*, only files like 'a.txt', 'b/c.txt'"),
        (("1.jpg", "2.jpg"), "not in a folder per class: '1.jpg', '2.jpg'. Put each in a folder"),
        ((*IN_SPLITS, "valid/cat/1.jpg"), "more than one folder for the validation split: 'val', 'valid'"),
        ((*IN_SPLITS, "Test/cow/1.jpg"), "'cow' in the test split but not in the training split"),
    ],
)
def test_folders_that_cannot_be_learned_from(tmp_path, names, sentence):
    make(tmp_path, *names)
    with pytest.raises(UserError, match=f"^{tmp_path}.*{sentence}"):
        folder(tmp_path)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("cat/1.jpg", "cat/2.jpg"), "one class only, 'cat': at least two are needed to learn"),
        (("train/cat/1.jpg", "train/cat/2.jpg"), "one class only, 'cat'"),
        (("images/1.jpg", "labels.csv"), "one class only, .* if 'labels.csv' says what they show"),
        (("test/cat/1.jpg", "test/dog/1.jpg"), "there is no training split, only test"),
    ],
)
def test_what_can_only_be_scored_on_is_read_and_said(tmp_path, names, problem):
    dataset = folder(make(tmp_path, *names))
    assert re.search(problem, dataset.problems[-1])
    check(dataset)
    with pytest.raises(UserError):
        survey_of(dataset)


def test_which_loader_recognizes_what(tmp_path):
    make(tmp_path / "folder", *PLAIN)
    make(tmp_path / "tables", "train.csv", "images/1.jpg")
    make(tmp_path, "a.zip", "a.tar.gz", "a.csv", "a.tsv", "a.jsonl", "a.jpg", "a.txt")
    recognized = {
        path.name: (folder_loader.detect(path), table_loader.detect(path))
        for path in [tmp_path / "gone", *tmp_path.iterdir()]
    }
    assert recognized == {
        "folder": (True, False),
        "tables": (False, True),
        "a.zip": (True, False),
        "a.tar.gz": (True, False),
        "a.csv": (False, True),
        "a.tsv": (False, True),
        "a.jsonl": (False, True),
        "a.jpg": (False, False),
        "a.txt": (False, False),
        "gone": (False, False),
    }


@pytest.fixture
def images(tmp_path):
    return make(tmp_path, *(f"images/{number}.jpg" for number in range(1, 7)))


def write(path, *lines, encoding="utf-8"):
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


EXPECTED = {"images/1.jpg": "cat", "images/2.jpg": "dog"}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.csv", ["path,label", "images/1.jpg,cat", "images/2.jpg,dog"]),
        ("a.csv", ["path;label", "images/1.jpg;cat", "images/2.jpg;dog"]),
        ("a.csv", ["Image Path, Class Name, n", "images/1.jpg, cat, 1", "", "images/2.jpg, dog, 2", ""]),
        ("a.csv", ['id,"file","category"', '1,"images/1.jpg","cat"', "2,images/2.jpg,dog"]),
        ("a.csv", ["path,label\r", "images/1.jpg,cat\r", "images/2.jpg,dog\r"]),
        ("a.csv", ["path,label", "images\\1.jpg,cat", "images\\2.jpg,dog"]),
        ("a.tsv", ["filename\ttarget", "images/1.jpg\tcat", "images/2.jpg\tdog"]),
        (
            "a.jsonl",
            ['{"image": "images/1.jpg", "label": "cat"}', '{"image": "images/2.jpg", "label": "dog"}'],
        ),
    ],
)
def test_tables(images, name, lines):
    dataset = table(write(images / name, *lines))
    assert listed(dataset.train) == EXPECTED
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": False}
    assert dataset.problems == []
    assert dataset.train[0].input.read() == b"images/1.jpg"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_with_a_byte_order_mark(images, encoding):
    lines = ["path,label", "images/1.jpg,kočka", "images/2.jpg,犬"]
    dataset = table(write(images / "a.csv", *lines, encoding=encoding))
    assert dataset.facts["classes"] == ["kočka", "犬"]


def test_paths_are_relative_to_the_table_or_absolute(images):
    (images / "tables").mkdir()
    lines = ["path,label", "../images/1.jpg,cat", f"{images}/images/2.jpg,dog"]
    dataset = table(write(images / "tables" / "a.csv", *lines))
    assert [dataset.train[index].input.read() for index in range(2)] == [b"images/1.jpg", b"images/2.jpg"]
    assert dataset.train[1].input.name == f"{images}/images/2.jpg"


def test_columns_can_be_named(images):
    path = write(images / "a.csv", "path,a,b", "x,images/1.jpg,cat", "y,images/2.jpg,dog")
    assert listed(table(path, path_column="a", label_column="b").train) == EXPECTED


def test_a_folder_of_tables(images):
    write(images / "train.csv", "path,label", "images/1.jpg,cat", "images/2.jpg,dog")
    write(images / "val.tsv", "path\tlabel", "images/3.jpg\tcat")
    write(images / "TEST.jsonl", json.dumps({"path": "images/4.jpg", "label": "dog"}))
    dataset = table(images)
    assert [listed(split) for split in dataset.splits.values()] == [
        EXPECTED,
        {"images/3.jpg": "cat"},
        {"images/4.jpg": "dog"},
    ]


def test_a_split_column(images):
    lines = ["path,label,split", "images/1.jpg,cat,train", "images/2.jpg,dog,Train", "images/3.jpg,cat,dev"]
    dataset = table(write(images / "a.csv", *lines))
    assert [listed(split) for split in dataset.splits.values()] == [EXPECTED, {"images/3.jpg": "cat"}]


def test_several_labels_with_a_separator(images):
    path = write(
        images / "a.csv", "path,labels", "images/1.jpg,cat|dog | cat", "images/2.jpg,", "images/3.jpg,dog"
    )
    dataset = table(path, label_separator="|")
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": True}
    assert list(listed(dataset.train).values()) == [["cat", "dog"], [], ["dog"]]


def test_several_labels_in_json(images):
    rows = [{"path": "images/1.jpg", "label": ["cat", "dog"]}, {"path": "images/2.jpg", "label": []}]
    dataset = table(write(images / "a.jsonl", *map(json.dumps, rows)))
    assert dataset.facts["multi_label"]
    assert list(listed(dataset.train).values()) == [["cat", "dog"], []]


def test_a_target_may_be_changed_without_harm(images):
    rows = [{"path": "images/1.jpg", "label": ["cat", "dog"]}]
    train = table(write(images / "a.jsonl", *map(json.dumps, rows))).train
    train[0].target.clear()
    assert train[0].target == ["cat", "dog"]


def test_labels_that_look_like_several(images):
    dataset = table(write(images / "a.csv", "path,label", "images/1.jpg,cat|dog", "images/2.jpg,dog"))
    (problem,) = dataset.problems
    assert problem.startswith("labels like 'cat|dog' are taken as one class each")
    assert problem.endswith("say --set loader.label_separator='|'")


def test_numbers_as_labels(images):
    rows = [{"path": f"images/{number}.jpg", "label": number} for number in (1, 2)]
    assert table(write(images / "a.jsonl", *map(json.dumps, rows))).facts["classes"] == ["1", "2"]


def test_rows_that_repeat_are_counted(images):
    lines = ["path,label", "images/1.jpg,cat", "images/1.jpg,cat", "images/2.jpg,dog"]
    dataset = table(write(images / "a.csv", *lines))
    assert listed(dataset.train) == EXPECTED
    assert dataset.problems == ["a.csv: 1 row repeats an earlier one, left out"]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "has no rows"),
        (["path,label"], "has no rows"),
        (
            ["path,label", "images/1.jpg,cat", "gone.jpg,dog"],
            "line 3: there is no file '.*/gone.jpg': paths are",
        ),
        (["path,label", "x.jpg,cat", "y.jpg,dog"], r"line 2: .*x.jpg' \(1 more is missing\)"),
        (["path,label", "images,cat"], "line 2: there is no file"),
        (["path,label", "http://x.org/1.jpg,cat"], "line 2: 'http://x.org/1.jpg' is an address"),
        (["path,label", "images/1.jpg,cat", "images/2.jpg, "], "line 3 has no label in column 'label'"),
        (["path,label", ",cat"], "line 2 has no path in column 'path'"),
        (
            ["path,name,other", "images/1.jpg,cat,9"],
            r"no column for the labels .*only 'path', 'name', 'other': name it with --set",
        ),
        (["a,label", "images/1.jpg,cat"], "no column for the paths of the images"),
        (["path,label", "images/1.jpg"], "line 2 has 1 cells, but the header has 2"),
        (["path,label,label", "images/1.jpg,a,b"], "more than one column 'label'"),
        (
            ["path,label", "images/1.jpg,cat", "images/1.jpg,dog"],
            "line 3: 'images/1.jpg' has another label in line 2",
        ),
        (["path,label,split", "images/1.jpg,cat,traim"], "line 2: 'traim' in column 'split' is not train"),
        (
            ["path,label,split", "images/1.jpg,cat,train", "images/2.jpg,dog,train", "images/3.jpg,cow,test"],
            "'cow' in the test split but not in the training split",
        ),
    ],
)
def test_tables_that_are_wrong(images, lines, sentence):
    with pytest.raises(UserError, match=f"^{images}/a.csv.*{sentence}"):
        table(write(images / "a.csv", *lines))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ('{"path": "images/2.jpg"}', "line 2 has no label in column 'label'"),
        ('{"path": "images/2.jpg", "label": 1.5}', "line 2: the label 1.5 in 'label' is no text"),
        ('{"path": "images/2.jpg", "label": [[]]}', "line 2: the labels in 'label' are not all texts"),
        ('{"path": 3, "label": "cat"}', "line 2 has no path"),
        ('{"path": "images/2.jpg", "label": ["cat"]}', "some labels are lists and some are not"),
    ],
)
def test_json_lines_that_are_wrong(images, line, sentence):
    with pytest.raises(UserError, match=sentence):
        table(write(images / "a.jsonl", '{"path": "images/1.jpg", "label": "cat"}', line))


def test_a_column_that_is_named_and_not_there(images):
    path = write(images / "a.csv", "path,label", "images/1.jpg,cat")
    with pytest.raises(UserError, match=r"no column 'lable' \(label_column\): did you mean 'label'"):
        table(path, label_column="lable")


def test_broken_utf8_has_a_line(images):
    (images / "a.csv").write_bytes(b"path,label\nimages/1.jpg,cat\nimages/2.jpg,d\xe9j\xe0\n")
    with pytest.raises(UserError, match=r"a.csv, line 3 is not UTF-8: save the file as UTF-8"):
        table(images / "a.csv")


def test_two_tables_for_one_split(images):
    make(images, "train.csv", "val.csv", "valid.tsv")
    with pytest.raises(UserError, match=r"two tables for the validation split: val.csv, valid.tsv"):
        table(images)


@pytest.mark.slow
@given(
    content=st.binary(max_size=200)
    | st.text(alphabet='path,label\n"{}[]: 1;\t', max_size=200).map(str.encode)
)
@settings(max_examples=200, deadline=None)
def test_any_table_is_read_or_refused_in_words(tmp_path_factory, content):
    path = Path(tmp_path_factory.mktemp("tables"))
    for name in ("a.csv", "a.jsonl"):
        (path / name).write_bytes(content)
        with pytest.raises(UserError):
            table(path / name)


def test_real_photographs():
    data = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (data / "clothing").is_dir():
        pytest.skip("no data: set SUITE_DATA, or put it in ../shared/data")
    dataset = folder(data / "clothing")
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 3068,
        "validation": 341,
        "test": 372,
    }
    assert len(dataset.facts["classes"]) == 10
