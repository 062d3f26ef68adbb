"""YOLO as people have it: layouts, data.yaml, outlines, and everything that is wrong in such files."""

import shutil

import numpy as np
import pytest

from boxes_on_disk import (
    CLASSES,
    DATA,
    expected,
    load,
    recognized,
    targets,
    write,
    write_image,
    write_yolo,
)
from suite import UserError


@pytest.mark.parametrize("layout", ["images/{split}/{name}", "{split}/images/{name}", "{split}/{name}"])
@pytest.mark.parametrize("yaml", ["path: .\n", "", None])
def test_yolo_layouts(tmp_path, layout, yaml):
    write_yolo(tmp_path, layout=layout, yaml=yaml)
    if yaml is None:
        write(tmp_path / "classes.txt", "cat\ndog\n")
    assert recognized(tmp_path) == ["yolo"]
    dataset = load("yolo", tmp_path)
    assert targets(dataset) == expected(DATA)
    assert dataset.facts == {"classes": CLASSES}
    assert list(dataset.problems) == []


@pytest.mark.parametrize("layout", ["images/{name}", "{name}", "obj_train_data/{name}"])
def test_yolo_without_splits_and_names(tmp_path, layout):
    data = {"train": DATA["train"]}
    write_yolo(tmp_path, data, layout=layout, yaml=None)
    write(tmp_path / "README.txt", "0 what this is")
    assert recognized(tmp_path) == ["yolo"]
    dataset = load("yolo", tmp_path)
    assert dataset.facts == {"classes": ["0", "1"]}
    assert dataset.problems == [
        "no data.yaml or classes.txt says what the classes are called: they are called by number"
    ]


def test_a_data_yaml_names_lists_and_texts(tmp_path):
    write_yolo(tmp_path, yaml=None)
    write(tmp_path / "train.txt", "./images/train/a.png\n/home/me/images/train/b.png\nimages/train/x.png\n")
    write(
        tmp_path / "my.yaml",
        "train: [train.txt, images/test]\nval: images/val\nnames:\n  0: no\n  1: 'on'\n",
    )
    assert recognized(tmp_path / "my.yaml") == ["yolo"]
    dataset = load("yolo", tmp_path / "my.yaml")
    assert dataset.facts == {"classes": ["no", "on"]}
    assert sorted(targets(dataset)["train"]) == ["a", "b", "e"]
    assert dataset.problems == [
        "1 image of train.txt is not there, left out: 'images/train/x.png'",
        "1 image with a label file belongs to no split, left out: 'images/train/c.png'",
    ]


def test_a_data_yaml_may_lie_elsewhere(tmp_path):
    write_yolo(tmp_path / "data", yaml=None)
    for text in (f"path: {tmp_path}/data\ntrain: images/train\n", f"train: {tmp_path}/data/images/train\n"):
        write(tmp_path / "elsewhere/d.yaml", f"{text}val: ../data/images/val\nnames: [cat, dog]\n")
        dataset = load("yolo", tmp_path / "elsewhere/d.yaml")
        assert targets(dataset)["train"] == expected(DATA)["train"]


def test_a_data_yaml_of_another_machine(tmp_path):
    write_yolo(tmp_path, yaml="path: /home/somebody/datasets/pets\n")
    dataset = load("yolo", tmp_path)
    assert targets(dataset) == expected(DATA)
    assert dataset.problems[0] == (
        f"{tmp_path}/data.yaml says '/home/somebody/datasets/pets/images/train', which is not there: took"
        " 'images/train'"
    )


def test_roboflows_data_yaml(tmp_path):
    write_yolo(tmp_path, layout="{split}/images/{name}", yaml=None)
    write(
        tmp_path / "data.yaml", "train: ../train/images\nval: ../val/images\nnc: 2\nnames: ['cat', 'dog']\n"
    )
    dataset = load("yolo", tmp_path)
    assert list(dataset.splits) == ["train", "validation"]
    assert dataset.problems == [
        "1 image with a label file belongs to no split, left out: 'test/images/e.png'"
    ]


@pytest.mark.parametrize(
    ("yaml", "sentence"),
    [
        ("train: images/train\nnames: [cat\nval: x", r"data.yaml, line 3 is not YAML"),
        ("train: images/train\nnc: 3\nnames: [cat, dog]", "says nc: 3, but names 2 classes"),
        (f"train: images/train\nnc: {'9' * 5000}\nnames: [cat, dog]", "says nc: 9+, but names 2 classes"),
        ("train: nowhere\nnames: [cat, dog]", "the train split is 'nowhere', but there is no such folder"),
        ("train: {a: b}\nnames: [cat, dog]", "train is no folder, no file, and no list"),
        ("train: images/train\nnames: {a: cat}", "names has 'a', which are no numbers of classes"),
        ("train: images/train\nnames: [[cat]]", "names is no list of names"),
        ("names: [cat, dog]", "describes no data"),
    ],
)
def test_a_data_yaml_that_is_wrong(tmp_path, yaml, sentence):
    write_yolo(tmp_path)
    write(tmp_path / "data.yaml", yaml)
    with pytest.raises(UserError, match=sentence):
        load("yolo", tmp_path / "data.yaml")


def test_a_broken_data_yaml_in_a_folder_is_not_passed_over(tmp_path):
    write_yolo(tmp_path)
    write(tmp_path / "data.yaml", "train: images/train\nnames: [cat, dog\nval: images/val\n")
    assert recognized(tmp_path) == ["yolo"]
    with pytest.raises(UserError, match=r"data.yaml, line 3 is not YAML"):
        load("yolo", tmp_path)
    (tmp_path / "data.yaml").unlink()
    write(tmp_path / "classes.txt", "cat\ndog\n")
    write(tmp_path / "compose.yml", "{{ template }}: {")
    assert load("yolo", tmp_path).facts == {"classes": CLASSES}


def test_a_split_that_is_not_there_is_reported(tmp_path):
    write_yolo(tmp_path)
    shutil.rmtree(tmp_path / "images/test")
    dataset = load("yolo", tmp_path)
    assert list(dataset.splits) == ["train", "validation"]
    assert (
        "the test split is 'images/test', but there is no such folder or file: left out"
        in dataset.problems[0]
    )


def yolo_line(tmp_path, line, yaml="path: .\n"):
    write_yolo(tmp_path, yaml=yaml)
    write(tmp_path / "labels/train/a.txt", line)
    return load("yolo", tmp_path)


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("0 0.25 0.25 0.75 0.25 0.75 0.5", [15, 10, 45, 20]),
        ("0.0 0.5 0.5 1 1", [0, 0, 60, 40]),
        ("1 0.25 0.25 0.75 0.25 0.75 0.5 0.25 0.5", [15, 10, 45, 20]),
    ],
)
def test_outlines_become_the_box_around_them(tmp_path, line, box):
    assert yolo_line(tmp_path, line).train[0].target["boxes"] == [box]


def test_keypoints_are_passed_over(tmp_path):
    dataset = yolo_line(tmp_path, "0 0.5 0.5 1 1 0.1 0.1 2 0.2 0.2 2", "kpt_shape: [2, 3]\n")
    assert dataset.train[0].target["boxes"] == [[0, 0, 60, 40]]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("\n0 30 20 10 10", r"labels/train/a.txt, line 2: 30 looks like pixels"),
        ("0 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1", "line 2: there is no class 7, the numbers are 0 to 1"),
        ("cat 0.5 0.5 0.1 0.1", "line 1: 'cat 0.5 0.5 0.1 0.1' is not of numbers"),
        ("0.5 0.5 0.5 0.1 0.1", "line 1: 0.5 is no number of a class"),
        ("-1 0.5 0.5 0.1 0.1", "line 1: -1 is no number of a class"),
        ("0 0.5 0.5 nan 0.1", "line 1: '0 0.5 0.5 nan 0.1' is not of finite numbers"),
        ("0 0.5 0.5 0.1", "line 1 has 4 numbers: a box is class, x, y, width and height"),
        ("0 0.5 0.5 0.1 0.1 0.9", "line 1 has 6 numbers"),
        ("0 0.5\0 0.5 0.1 0.1", "labels/train/a.txt is no text"),
    ],
)
def test_label_files_that_must_not_be_trained_on(tmp_path, line, sentence):
    with pytest.raises(UserError, match=sentence):
        yolo_line(tmp_path, line)


def test_a_label_file_that_is_binary(tmp_path):
    write_yolo(tmp_path)
    (tmp_path / "labels/train/a.txt").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UserError, match="labels/train/a.txt is no text: a label file has a line 'class x y"):
        load("yolo", tmp_path)


def test_labels_without_image_and_images_without_label_are_named(tmp_path):
    write_yolo(tmp_path)
    (tmp_path / "images/train/b.png").unlink()
    (tmp_path / "labels/train/c.txt").unlink()
    dataset = load("yolo", tmp_path)
    assert sorted(targets(dataset)["train"]) == ["a", "c"]
    assert dataset.problems == [
        "1 image has no label file, taken as showing no object: 'images/train/c.png'",
        "1 label file has no image, left out: 'labels/train/b.txt'",
    ]
    assert len(load("yolo", tmp_path, unlabeled="leave-out").train) == 1


def test_a_split_without_any_label_is_left_out_and_reported(tmp_path):
    write_yolo(tmp_path)
    shutil.rmtree(tmp_path / "labels/test")
    dataset = load("yolo", tmp_path)
    assert list(dataset.splits) == ["train", "validation"]
    assert dataset.problems == ["the test split has 1 image but no labels, left out"]


def test_the_validation_split_is_not_trained_on_if_the_training_split_has_no_labels(tmp_path):
    write_yolo(tmp_path, {split: DATA[split] for split in ("train", "val")})
    shutil.rmtree(tmp_path / "labels/train")
    with pytest.raises(UserError, match=r"no training split, only validation\n.*has 3 images but no labels"):
        load("yolo", tmp_path)


def test_an_unreadable_image_is_an_example_and_reported(tmp_path):
    write_yolo(tmp_path)
    (tmp_path / "images/train/a.png").write_bytes(b"no image")
    dataset = load("yolo", tmp_path)
    assert len(dataset.train) == 3
    assert dataset.train[0].target == {"size": [0, 0], "boxes": [], "labels": []}
    assert dataset.problems == ["1 image cannot be read: 'images/train/a.png'"]


def of_lines(tmp_path, lines, **options):
    """A data set with an image and a label file for each of `lines`, without a data.yaml."""
    for number, line in enumerate(lines):
        write_image(tmp_path / f"images/{number:03}.png", 100, 100)
        write(tmp_path / f"labels/{number:03}.txt", line)
    write(tmp_path / "classes.txt", "cat\ndog\n")
    return load("yolo", tmp_path, **options)


def poses(count, values, seed=0):
    """Boxes, and lines with key points in them: x and y, and a visibility if there are three `values`."""
    generator = np.random.default_rng(seed)
    size = generator.uniform(0.1, 0.3, (count, 2))
    center = generator.uniform(size / 2, 1 - size / 2)
    points = center[:, None] + size[:, None] * generator.uniform(-0.5, 0.5, (count, 4, 2))
    if values == 3:
        points = np.concatenate([points, generator.integers(0, 3, (count, 4, 1))], axis=2)
    rows = np.concatenate([center, size, points.reshape(count, -1)], axis=1)
    boxes = 100 * np.concatenate([center - size / 2, center + size / 2], axis=1)
    return boxes, ["0 " + " ".join(f"{value:.6f}" for value in row) + "\n" for row in rows]


def outlines(count, corners, seed=0):
    """Boxes, and lines with the outlines in them: as many corners in each, around a center."""
    generator = np.random.default_rng(seed)
    radius = generator.uniform(0.05, 0.15, (count, 1, 1))
    center = generator.uniform(radius[:, 0], 1 - radius[:, 0], (count, 2))
    angles = np.sort(generator.uniform(0, 2 * np.pi, (count, corners)), axis=1)
    points = center[:, None] + radius * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    boxes = 100 * np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    rows = points.reshape(count, -1)
    return boxes, ["1 " + " ".join(f"{value:.6f}" for value in row) + "\n" for row in rows]


def boxes_of(dataset):
    return np.array([dataset.train[index].target["boxes"][0] for index in range(len(dataset.train))])


@pytest.mark.parametrize("values", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_key_points_are_recognized_without_a_data_yaml(tmp_path, values, seed):
    boxes, lines = poses(12, values, seed)
    dataset = of_lines(tmp_path, lines)
    np.testing.assert_allclose(boxes_of(dataset), boxes, atol=1e-3)
    assert dataset.problems[0].startswith("label files have 4 key points behind each box, by the look of")
    assert dataset.problems[0].endswith("If the numbers are outlines, say --set loader.beyond=outline")
    assert not dataset.problems[0].wrong


@pytest.mark.parametrize("corners", [3, 4, 5, 6, 8, 11])
@pytest.mark.parametrize("seed", range(3))
def test_outlines_of_equal_length_are_no_key_points(tmp_path, corners, seed):
    boxes, lines = outlines(20, corners, seed)
    dataset = of_lines(tmp_path, lines)
    np.testing.assert_allclose(boxes_of(dataset), boxes, atol=1e-3)
    assert dataset.problems == []


def test_turned_boxes_in_the_middle_are_no_key_points(tmp_path):
    lines = [f"0 0.5 0.45 0.5{number} 0.5 0.5{number} 0.55 0.5 0.5\n" for number in range(1, 6)]
    dataset = of_lines(tmp_path, lines)
    np.testing.assert_allclose(boxes_of(dataset)[0], [50, 45, 51, 55])


def test_what_may_be_outlines_and_key_points_is_asked(tmp_path):
    lines = ["0 0.5 0.5 0.55 0.5 0.55 0.56\n"] * 3
    with pytest.raises(
        UserError, match="6 numbers behind the class may be the outline.*and 1 key point: say"
    ):
        of_lines(tmp_path, lines)
    assert boxes_of(of_lines(tmp_path, lines, beyond="outline"))[0].round(3).tolist() == [50, 50, 55, 56]
    assert boxes_of(of_lines(tmp_path, lines, beyond="keypoints"))[0].round(3).tolist() == [
        22.5,
        25,
        77.5,
        75,
    ]


def test_the_first_label_files_may_be_empty(tmp_path):
    dataset = of_lines(tmp_path, [""] * 30 + ["\n0 0.5 0.5 0.2 0.2\n"])
    assert recognized(tmp_path) == ["yolo"]
    assert len(dataset.train) == 31


def test_labels_without_images_say_where_these_are_looked_for(tmp_path):
    images = tmp_path / "elsewhere"
    for name in ("a", "b"):
        write(tmp_path / f"export/labels/3f2a91c0-{name}.txt", "0 0.5 0.5 0.2 0.2\n")
        write_image(images / f"{name}.png", 100, 100)
    write(tmp_path / "export/classes.txt", "cat\n")
    write(tmp_path / "export/notes.json", {"categories": [{"id": 0, "name": "cat"}], "info": {}})
    assert recognized(tmp_path / "export") == ["yolo"]
    with pytest.raises(UserError, match=r"2 label files of YOLO, but no image.*--set loader.images=FOLDER"):
        load("yolo", tmp_path / "export")
    dataset = load("yolo", tmp_path / "export", images=str(images))
    assert boxes_of(dataset).tolist() == [[40, 40, 60, 60]] * 2
    assert dataset.problems == []
    shutil.copytree(images, tmp_path / "export/images")
    assert len(load("yolo", tmp_path / "export").train) == 2


def test_the_splits_of_labels_are_those_of_images_elsewhere(tmp_path):
    for split in ("train", "val"):
        write(tmp_path / f"export/labels/{split}/{split}1.txt", "0 0.5 0.5 0.2 0.2\n")
        write_image(tmp_path / f"pool/{split}1.png", 100, 100)
    dataset = load("yolo", tmp_path / "export", images=str(tmp_path / "pool"))
    assert [len(split) for split in dataset.splits.values()] == [1, 1]


def test_the_splits_and_names_of_darknet(tmp_path):
    images = {**DATA["train"], **DATA["val"]}
    write_yolo(tmp_path, {"": images}, layout="obj_train_data/{name}", yaml=None)
    write(tmp_path / "obj.names", "cat\ndog\n")
    said = ["classes = 2", "train = data/train.txt", "valid = data/valid.txt", "names = data/obj.names"]
    write(tmp_path / "obj.data", "\n".join([*said, "backup = backup/"]))
    for split, listed in (("train", "abc"), ("valid", "d")):
        lines = [f"data/obj_train_data/{name}.png\n" for name in listed]
        write(tmp_path / f"{split}.txt", "".join(lines))
    for path in (tmp_path, tmp_path / "obj.data", tmp_path):
        assert recognized(path) == ["yolo"]
        dataset = load("yolo", path)
        assert targets(dataset) == {split: expected(DATA)[split] for split in ("train", "validation")}
        assert dataset.facts == {"classes": CLASSES}
        assert dataset.problems == []
        if path != tmp_path:
            path.unlink()  # the lists of images say the splits as well
