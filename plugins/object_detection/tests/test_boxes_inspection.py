"""What `suite inspect` says of images with boxes."""

import cv2
import numpy as np

from suite.data.dataset import Dataset, Example
from suite_object_detection.inspection import inspect
from suite_object_detection.options import DetectionOptions
from suite_object_detection.small_objects import small_objects
from suite_object_detection.survey import survey_of


def example(name, boxes=(), labels=(), size=(100, 200), image=None, **more):
    shown = np.random.default_rng(len(name)).integers(0, 256, (*size, 3), np.uint8)
    raw = shown if image is None else image
    return Example(
        name, raw, {"size": list(size), "boxes": [list(box) for box in boxes], "labels": list(labels), **more}
    )


def dataset(train, validation=None, classes=("cat", "dog")):
    return Dataset(train=train, validation=validation, facts={"classes": list(classes)})


def inspected(*arguments, **options):
    return inspect(dataset(*arguments, **options), lambda done, total: None)


def table(found, title):
    return next(list(map(list, table.rows)) for table in found.tables if table.title == title)


def sentences(found):
    return [(finding.text, finding.wrong, list(finding.locations)) for finding in found.findings]


GOOD = [
    example("a", [(0, 0, 10, 10), (0, 0, 40, 50)], ["cat", "cat"]),
    example("b", [(0, 0, 100, 100)], ["dog"]),
    example("c"),
]


def test_numbers_and_tables():
    found = inspected(GOOD, GOOD[:2])
    assert found.numbers == {"classes": 2, "boxes": 6, "images without a box": 1, "broken": 0}
    assert table(found, "Classes") == [["cat", 2, 1, 2, 1, "66.7 %"], ["dog", 1, 1, 1, 1, "33.3 %"]]
    assert table(found, "Sizes of boxes") == [
        ["train", 1, 1, 1, 40, 50], ["validation", 1, 1, 1, 40, 50]
    ]  # fmt: skip
    assert table(found, "Boxes per image") == [["train", 1, 0, 1, 2], ["validation", 0, 1, 1, 2]]
    assert table(found, "Sizes in pixels")[0] == ["train", 200, 200, 200, 100, 100, 100]
    assert table(found, "Kinds of files") == [["array", 5]]
    assert not any(finding.wrong for finding in found.findings)


def test_sizes_are_those_of_the_objects_where_their_areas_are_known():
    found = inspected([example("a", [(0, 0, 100, 100)], ["cat"], areas=[900])], classes=["cat"])
    assert table(found, "Sizes of boxes")[0][1:4] == [1, 0, 0]


def test_ignored_boxes_are_counted():
    found = inspected([example("a", [(0, 0, 9, 9), (0, 0, 8, 8)], ["cat", "dog"], crowd=[True, False])])
    assert found.numbers["boxes"] == 1
    assert found.numbers["ignored boxes"] == 1
    assert table(found, "Classes") == [["cat", 0, 0, "0.0 %"], ["dog", 1, 1, "100.0 %"]]


def test_images_that_cannot_be_read(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    found = inspected([*GOOD, example("x", image=str(tmp_path / "x.png"))])
    assert found.numbers["broken"] == 1
    text, wrong, places = sentences(found)[0]
    assert (text, wrong) == ("1 image cannot be read", True)
    assert "is text, not an image" in places[0]


def test_sizes_that_are_not_those_of_the_image():
    small = example("small", [(0, 0, 9, 9)], ["cat"], (60, 90), np.zeros((30, 45, 3), np.uint8))
    turned = example("turned", [(0, 0, 9, 9)], ["dog"], (60, 90), np.zeros((90, 60, 3), np.uint8))
    assert (
        "2 images have another size than annotated: boxes may be at the wrong location",
        True,
        ["small: 45 x 30, annotated 90 x 60", "turned: 60 x 90, annotated 90 x 60 (turned by Exif?)"],
    ) in sentences(inspected([small, turned]))


def test_classes_that_are_missing_somewhere():
    train = [example("a", [(0, 0, 10, 10)] * 2, ["cat", "dog"])]
    validation = [example("b", [(0, 0, 10, 10)] * 2, ["cat", "owl"])]
    found = sentences(inspected(train, validation, classes=["cat", "dog", "fox", "owl"]))
    assert ("1 class has no box at all", False, ["fox"]) in found
    assert ("1 class has no box in the train split, so they cannot be learned", True, ["owl"]) in found
    assert ("2 classes have a single box in the train split", False, ["cat", "dog"]) in found
    assert ("1 class has no box in the validation split", False, ["dog"]) in found


def test_classes_that_are_rare():
    train = [example("a", [(0, index, 10, index + 9) for index in range(22)], ["cat"] * 20 + ["dog"] * 2)]
    text = "the classes are unbalanced: 'cat' has 20 boxes for training, 'dog' 2"
    assert (text, False, []) in sentences(inspected(train))


def test_thin_boxes_and_crowded_images():
    many = [(index % 100, index // 100, index % 100 + 9, index // 100 + 9) for index in range(400)]
    train = [example("a", [(0, 0, 1, 50)], ["dog"]), example("many", many, ["cat"] * 400)]
    found = sentences(inspected(train))
    assert ("1 box is narrower or lower than 2 pixels", False, ["a: 1 x 50"]) in found
    assert ("1 image has more than 300 boxes", False, ["many: 400 boxes"]) in found


def test_no_box_anywhere(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((10, 20, 3), np.uint8))
    found = inspected([example("a", image=str(tmp_path / "a.png"), size=(10, 20))])
    assert found.numbers["boxes"] == 0
    assert table(found, "Classes") == [["cat", 0, 0, "0.0 %"], ["dog", 0, 0, "0.0 %"]]


def far_away(count=4, side=29, size=(3000, 4000)):
    boxes = [(100 * number, 50, 100 * number + side, 50 + side) for number in range(1, 4)]
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    return [example(f"{number}", boxes, ["cat", "dog", "cat"], size, image) for number in range(count)]


def test_objects_below_the_finest_stride_are_named_with_what_is_done():
    found = sentences(inspected(far_away()))
    sentence = next(text for text, _, _ in found if "finest stride" in text)
    assert sentence == (
        "12 of 12 objects of the training split would be smaller than 8 pixels, the finest stride, in an"
        " input of 640 x 480: images are cut into tiles, model.tiles=675"
    )
    found = sentences(inspected(GOOD))
    assert not any("finest stride" in text for text, _, _ in found)


def test_what_helps_objects_below_the_finest_stride_is_named():
    survey = survey_of(dataset(far_away()))
    whole = small_objects(survey, DetectionOptions(size=(480, 640), tiles="off"))
    assert whole == (
        "12 of 12 objects of the training split are smaller than 8 pixels, the finest stride, in an input of"
        " 640 x 480: tiles show them larger, --set model.tiles=675"
    )
    assert small_objects(survey, DetectionOptions(size=2048, tiles="off")) == ""
    tiny = survey_of(dataset(far_away(side=7, size=(480, 640))))
    whole = small_objects(tiny, DetectionOptions(size=(480, 640), tiles="off"))
    assert whole.endswith("a larger input shows them larger, --set model.size=1280")
