"""`suite inspect` finds what is broken, odd, unbalanced, doubled and leaked, and its location."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

import suite_image_classification
from suite import Host
from suite.data.inspection import inspect

RANDOM = np.random.default_rng(0)


def image(path, height=20, width=30, array=None):
    array = RANDOM.integers(0, 255, (height, width, 3), np.uint8) if array is None else array
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, array)[1].tobytes())
    return path


@pytest.fixture
def data(tmp_path):
    for split, count in (("train", 6), ("val", 2), ("test", 2)):
        for label in ("cat", "dog"):
            for number in range(count):
                image(tmp_path / "data" / split / label / f"{number}.jpg")
    return tmp_path / "data"


def inspected(data, **options):
    return inspect(Host(suite_image_classification, discover=False), "image-classification", data, **options)


def findings(data, *, wrong):
    return {
        finding.text: list(finding.locations)
        for finding in inspected(data).findings
        if finding.wrong == wrong
    }


def rows(inspection, title):
    return next(table.rows for table in inspection.tables if table.title == title)


def test_data_with_nothing_wrong(data):
    inspection = inspected(data)
    assert not inspection.wrong
    assert inspection.findings == []
    assert inspection.numbers == {"loader": "folder", "examples": 20, "classes": 2, "broken": 0}
    assert rows(inspection, "Splits") == [
        ["train", 12, "60.0 %"],
        ["validation", 4, "20.0 %"],
        ["test", 4, "20.0 %"],
    ]
    assert rows(inspection, "Classes") == [["cat", 6, 2, 2, "50.0 %"], ["dog", 6, 2, 2, "50.0 %"]]
    assert rows(inspection, "Sizes in pixels")[0] == ["train", 30, 30, 30, 20, 20, 20]
    assert rows(inspection, "Kinds of files") == [["JPEG", 20]]


def test_broken_images_are_wrong(data):
    path = data / "train" / "cat" / "0.jpg"
    path.write_bytes(path.read_bytes()[:-100])
    (data / "train" / "dog" / "1.jpg").write_text("a note")
    assert findings(data, wrong=True) == {
        "2 images cannot be read": [
            f"{path} is a truncated JPEG: its end is missing",
            f"{data}/train/dog/1.jpg is text, not an image",
        ]
    }


def test_leaks_are_wrong(data):
    content = (data / "train" / "cat" / "0.jpg").read_bytes()
    (data / "test" / "cat" / "1.jpg").write_bytes(content)
    assert findings(data, wrong=True) == {
        "1 example of test with the content of one of train: scores on test would be too good": [
            "test/cat/1.jpg = train/cat/0.jpg"
        ]
    }


def test_equal_images_of_two_classes_are_wrong(data):
    content = (data / "train" / "cat" / "0.jpg").read_bytes()
    (data / "train" / "dog" / "1.jpg").write_bytes(content)
    assert findings(data, wrong=True) == {
        "1 set of equal examples with different targets": ["train/cat/0.jpg (cat) = train/dog/1.jpg (dog)"]
    }


def test_copies_within_a_split_are_odd(data):
    content = (data / "train" / "cat" / "0.jpg").read_bytes()
    (data / "train" / "cat" / "1.jpg").write_bytes(content)
    assert not inspected(data).wrong
    assert findings(data, wrong=False) == {
        "1 example of train with the content of another one": ["train/cat/1.jpg = train/cat/0.jpg"]
    }


def test_labels_that_look_alike_are_wrong(data):
    image(data / "train" / "Cat" / "x.jpg")
    assert list(findings(data, wrong=True)) == [
        "the classes 'Cat' and 'cat' look alike. If they are one, say --set 'loader.classes=cat=Cat,*'"
    ]


def test_what_the_loader_left_out_is_wrong(data):
    (data / "notes.txt").write_text("x")
    assert list(findings(data, wrong=True)) == ["1 file is no image by the ending"]


def test_odd_images(data):
    image(data / "train" / "cat" / "0.jpg", array=np.full((30, 30, 3), (1, 2, 200), np.uint8))
    image(data / "train" / "cat" / "1.jpg", 10, 300)
    image(data / "train" / "cat" / "2.png", 1, 1)
    odd = findings(data, wrong=False)
    assert list(odd) == [
        "1 image is 10 times as long as wide",
        "2 images are of a single color",
        "1 image is smaller than 8 pixels",
    ]
    assert odd["1 image is 10 times as long as wide"] == ["train/cat/1.jpg: 300 x 10"]
    assert not inspected(data).wrong


def test_kinds_of_files(data):
    image(data / "train" / "cat" / "a.png", array=RANDOM.integers(0, 255, (9, 9), np.uint8))
    image(data / "train" / "cat" / "b.png", array=RANDOM.integers(0, 255, (9, 9, 4), np.uint8))
    image(data / "train" / "cat" / "c.png", array=RANDOM.integers(0, 65535, (9, 9), np.uint16))
    kinds = dict(rows(inspected(data), "Kinds of files"))
    assert kinds == {"JPEG": 20, "PNG, gray": 1, "PNG, transparency": 1, "PNG, gray, 16 bits": 1}


def test_unbalanced_classes_and_classes_without_test_images(data):
    image(data / "train" / "cow" / "0.jpg")
    for number in range(10, 20):
        image(data / "train" / "cat" / f"{number}.jpg")
    assert findings(data, wrong=False) == {
        "1 class has a single training image": ["cow"],
        "the classes are unbalanced: 'cat' has 16 training images, 'cow' 1": [],
        "1 class has no image in the validation split": ["cow"],
        "1 class has no image in the test split": ["cow"],
    }


def test_several_labels(tmp_path):
    labels = [["cat", "dog"], ["cat"], []]
    for number in range(3):
        image(tmp_path / f"{number}.png")
    lines = [json.dumps({"path": f"{number}.png", "label": labels[number]}) for number in range(3)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert rows(inspected(tmp_path / "a.jsonl"), "Classes") == [
        ["cat", 2, "66.7 %"],
        ["dog", 1, "33.3 %"],
        ["(no label)", 1, "33.3 %"],
    ]


def test_progress_reaches_the_end(data):
    seen = []
    inspected(data, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (20, 20)


def run(*words):
    words = [sys.executable, "-m", "suite", "inspect", "image-classification", *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_says_all_in_text_and_by_its_status(data):
    fine = run(data)
    assert fine.returncode == 0
    assert fine.stderr == ""
    assert "Nothing is wrong." in fine.stdout
    assert "\x1b" not in fine.stdout
    (data / "train" / "dog" / "[b]1.jpg").write_text("a note")
    broken = run(data)
    assert broken.returncode == 1
    assert f"{data}/train/dog/[b]1.jpg is text, not an image" in broken.stdout


@pytest.mark.slow
def test_the_command_in_json(data):
    done = run(data, "--json")
    document = json.loads(done.stdout)
    assert document["wrong"] is False
    assert document["numbers"]["examples"] == 20
    assert document["tables"][0]["rows"][0] == ["train", 12, "60.0 %"]


@pytest.mark.slow
def test_a_mistake_is_status_2_and_one_sentence(tmp_path):
    done = run(tmp_path / "nowhere")
    assert done.returncode == 2
    assert "there is no file or folder" in done.stderr
    assert "Traceback" not in done.stderr
