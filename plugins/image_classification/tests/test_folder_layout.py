"""Folders are read as what they are: splits, classes, or something else that is refused or said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_image_classification.loaders import folder as loader
from suite_image_classification.loaders.folder_layout import layout_of
from suite_image_classification.options import FolderOptions


def read(names, without_images=(), hint=""):
    """Split and class of each folder as "split:class", in order, without repetitions; and what is odd."""
    split = [name.split("/") if name else [] for name in names]
    layout = layout_of(Path("data"), split, [name.split("/") for name in without_images], hint)
    pairs = [f"{split}:{label}" for split, label in zip(layout.splits, layout.labels, strict=True) if split]
    return " ".join(dict.fromkeys(pairs)), layout.problems


BOTH = "train:cat train:dog test:cat test:dog"


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("Train", "TEST"),
        ("trn", "tst"),
        ("train", "test1"),
        ("training", "evaluation"),
        ("train_images", "test_images"),
        ("TrainSet", "HoldOut"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train/images", "test/images"),
        ("wrapper/train", "wrapper/test"),
        ("a/b/2017_train", "a/b/2017_test"),
    ],
)
def test_splits_above_classes(train, test):
    assert read([f"{split}/{label}" for split in (train, test) for label in ("cat", "dog")]) == (BOTH, [])


def test_splits_below_classes():
    folders = [f"{label}/{split}" for split in ("Train", "test_set") for label in ("cat", "dog")]
    assert read(folders) == (BOTH, [])


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        (["bus", "train", "car"], "train:bus train:train train:car"),
        (["dev/a", "ops/a", "test/a"], "train:dev train:ops train:test"),
        (["airport", "train_station"], "train:airport train:train_station"),
        (["airport/x", "train_station/x", "zoo/y"], "train:airport train:train_station train:zoo"),
        (["test tube", "flask"], "train:test tube train:flask"),
        (["with_mask", "without_mask"], "train:with_mask train:without_mask"),
        (["cat/old", "cat", "dog"], "train:cat train:dog"),
        (["train/cat", "train/dog", "test"], "train:cat train:dog"),
        (["test/cat", "test/dog"], "test:cat test:dog"),
        (["train/cat/a", "train/dog", "test/dog/old"], "train:cat train:dog test:dog"),
        (["images/cat", "images/dog"], "train:cat train:dog"),
    ],
)
def test_what_is_a_class_and_what_is_not(folders, found):
    assert read(folders)[0] == found


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["train", "test1"], "data: 'train', 'test1' are called after splits .* train/CLASS"),
        (["train"], "data: 'train' is called after splits"),
        (["trainA", "trainB", "testA", "testB"], "'trainA', 'trainB', 'testA' and 1 more are called after"),
        (["train", "train_masks", "test"], "are called after splits"),
        (["images", "masks"], "folders called 'images', 'masks' hold images and what belongs to them"),
        (["Images", "Ground_truth"], "hold images and what belongs to them"),
        (
            ["train/images", "train/masks", "val/images", "val/masks"],
            "there is 'train/images', 'train/masks'",
        ),
        (["imagesTr", "labelsTr", "x"], None),
        (["training_set/a", "train/a"], "more than one folder for the train split: 'train', 'training_set'"),
    ],
)
def test_what_is_no_class_is_refused_with_what_was_seen(folders, message):
    if message is None:
        read(folders)
        return
    with pytest.raises(UserError, match=message):
        read(folders)


@pytest.mark.parametrize(
    ("folders", "problem", "wrong"),
    [
        (["bus", "train", "car"], "1 folder is read as a class, although it is called after a split", False),
        (["a/x", "a/y", "b"], "2 folders below a class belong to it: 'a/x', 'a/y'", False),
        (["COVID/images", "COVID/masks", "Normal"], "1 folder is called as if of masks", True),
    ],
)
def test_what_is_odd_is_said(folders, problem, wrong):
    found = next(each for each in read(folders)[1] if each.startswith(problem))
    assert found.wrong == wrong


@pytest.mark.parametrize(
    ("folders", "others", "empty"),
    [
        (["a", "b"], ["c"], ["c"]),
        (["w/train/a", "w/train/b"], ["w/train/c", "w/docs"], ["train/c"]),
        (["a", "b"], ["a/old"], []),
    ],
)
def test_a_class_without_images_is_said(folders, others, empty):
    problems = read(folders, others)[1]
    assert [list(problem.locations) for problem in problems] == ([empty] if empty else [])


names = st.sampled_from(["train", "Test", "val_set", "images", "masks", "cat", "dog", "train_x", "", "a b"])


@pytest.mark.slow
@given(st.lists(st.lists(names.filter(bool), max_size=3).map("/".join), min_size=1, unique=True))
def test_any_folders_are_read_or_refused_and_classes_are_never_splits_alone(folders):
    try:
        layout = layout_of(Path("data"), [name.split("/") if name else [] for name in folders])
    except UserError:
        return
    classes = {label for label in layout.labels if label}
    assert not classes or not classes <= {"train", "Test", "val_set"}
    assert all(
        (split is None) == (label == "") for split, label in zip(layout.splits, layout.labels, strict=True)
    )


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def test_classes_of_names(tmp_path):
    flat = make(
        tmp_path,
        *(f"train/{name}.{number}.jpg" for name in ("cat", "dog") for number in (0, 1)),
        "test1/0.jpg",
    )
    with pytest.raises(
        UserError, match=r"called after splits.*begin with their classes \('cat', 'dog'\)"
    ) as error:
        loader.load(flat, FolderOptions())
    pattern = str(error.value).partition("class_pattern=")[2].removesuffix("'")
    dataset = loader.load(flat, FolderOptions(class_pattern=pattern))
    assert [dataset.train[index].target for index in range(4)] == ["cat", "cat", "dog", "dog"]
    assert dataset.problems == [
        "1 image is called as loader.class_pattern does not fit, left out: 'test1/0.jpg'"
    ]
    assert dataset.facts["classes"] == ["cat", "dog"]


def test_patterns_that_are_wrong(tmp_path):
    make(tmp_path, "a_1.jpg")
    with pytest.raises(UserError, match="is no regular expression"):
        loader.load(tmp_path, FolderOptions(class_pattern="("))
    with pytest.raises(UserError, match="no file's name fits loader.class_pattern, 'x': 'a_1.jpg'"):
        loader.load(tmp_path, FolderOptions(class_pattern="x"))


def test_images_that_are_called_masks_are_said(tmp_path):
    make(tmp_path, "a/1 (1).png", "a/1 (1)_mask.png", "a/2.png", "b/face_mask.png", "b/1.png")
    (problem,) = loader.load(tmp_path, FolderOptions()).problems
    assert problem.startswith("1 image is called as if a mask of the image beside it")
    assert problem.locations == ["a/1 (1)_mask.png"]


def test_what_computers_leave_is_passed_over_and_an_empty_class_is_said(tmp_path):
    make(
        tmp_path,
        "a/1.png",
        "b/1.png",
        "@eaDir/1.png/T.jpg",
        "a/@eaDir/1.png/T.jpg",
        ".ipynb_checkpoints/1.png",
    )
    make(
        tmp_path,
        "__MACOSX/a/1.png",
        "a/Thumbs.db",
        "a/._1.png",
        "b/.DS_Store",
        "c/.DS_Store",
        "b/desktop.ini",
    )
    dataset = loader.load(tmp_path, FolderOptions())
    assert len(dataset.train) == 2
    assert dataset.problems == ["1 folder holds no image, so there is no class of its name: 'c'"]


@pytest.mark.parametrize(
    ("classes", "found"),
    [
        ("", {"a": 2, "b": 1, "c": 1}),
        ("b,a", {"b": 1, "a": 2}),
        ("a=x,b=x,c", {"x": 3, "c": 1}),
        ("*=rest,b", {"rest": 3, "b": 1}),
    ],
)
def test_classes_are_chosen_merged_and_renamed(tmp_path, classes, found):
    make(tmp_path, "a/1.png", "a/2.png", "b/1.png", "c/1.png")
    dataset = loader.load(tmp_path, FolderOptions(classes=classes))
    assert dataset.facts["classes"] == list(found)
    targets = [dataset.train[index].target for index in range(len(dataset.train))]
    assert {name: targets.count(name) for name in found} == found
    left_out = [problem for problem in dataset.problems if "left out" in problem]
    assert left_out == (
        ["1 image of other classes left out (loader.classes): 'c'"] if classes == "b,a" else []
    )
    assert not any(problem.wrong for problem in left_out)
