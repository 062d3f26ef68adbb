"""Pascal VOC as people have it: layouts, lists, difficult objects, and what is wrong in such files."""

import pytest

from boxes_on_disk import (
    DATA,
    expected,
    load,
    recognized,
    targets,
    voc_file,
    write,
    write_image,
    write_images,
    write_voc,
)
from suite import UserError


def test_voc_with_folders_for_splits(tmp_path):
    write_voc(tmp_path, lists=False)
    assert recognized(tmp_path) == ["voc"]
    assert targets(load("voc", tmp_path, first_pixel="1")) == expected(DATA)


def test_voc_with_annotations_beside_the_images(tmp_path):
    for split, images in {"train": DATA["train"], "valid": DATA["val"]}.items():
        write_images(tmp_path / split, images)
        for name, (size, boxes) in images.items():
            write(tmp_path / split / f"{name}.xml", voc_file(size, boxes))
    assert recognized(tmp_path) == ["voc"]
    found = targets(load("voc", tmp_path, first_pixel="1"))
    assert found == {split: expected(DATA)[split] for split in ("train", "validation")}


def test_voc_without_splits_is_all_for_training(tmp_path):
    write_voc(tmp_path, {"": {**DATA["train"], **DATA["val"]}}, lists=False)
    dataset = load("voc", tmp_path)
    assert list(dataset.splits) == ["train"]
    assert len(dataset.train) == 4


def test_voc_in_a_development_kit_with_masks_beside(tmp_path):
    write_voc(tmp_path / "VOCdevkit/VOC2007")
    write_image(tmp_path / "VOCdevkit/VOC2007/SegmentationClass/a.png")
    write_image(tmp_path / "VOCdevkit/VOC2007/SegmentationObject/zz.png")
    dataset = load("voc", tmp_path, first_pixel="1")
    assert targets(dataset) == expected(DATA)
    assert dataset.train[0].id == "VOCdevkit/VOC2007/JPEGImages/a.png"


def test_names_below_the_folder_of_annotations(tmp_path):
    write(tmp_path / "Annotations/day/one.xml", voc_file((40, 60), [(1, 1, 9, 9, "cat")]))
    write(tmp_path / "Annotations/night/one.xml", voc_file((40, 60), [(1, 1, 5, 5, "cat")]))
    write_image(tmp_path / "JPEGImages/day/one.png")
    write_image(tmp_path / "JPEGImages/night/one.png", 50, 60)
    write(tmp_path / "ImageSets/Main/train.txt", "day/one\n")
    write(tmp_path / "ImageSets/Main/val.txt", "night/one\n")
    dataset = load("voc", tmp_path)
    assert dataset.train[0].id == "JPEGImages/day/one.png"
    assert dataset.validation[0].id == "JPEGImages/night/one.png"
    assert dataset.validation[0].target["boxes"] == [[1, 1, 5, 5]]


def test_trainval_if_there_is_no_train(tmp_path):
    write_voc(tmp_path)
    (tmp_path / "ImageSets/Main/train.txt").rename(tmp_path / "ImageSets/Main/trainval.txt")
    assert len(load("voc", tmp_path).train) == 3


def test_pixels_are_counted_from_one_unless_a_coordinate_is_zero(tmp_path):
    from_one = load("voc", write_voc(tmp_path / "1", {"train": {"a": ((40, 60), [(0, 1, 9, 9, "cat")])}}))
    assert from_one.train[0].target["boxes"] == [[0, 1, 9, 9]]
    assert from_one.options.first_pixel == "1"
    zero = load(
        "voc", write_voc(tmp_path / "0", {"train": {"a": ((40, 60), [(0, 1, 9, 9, "cat")])}}, shift=0)
    )
    assert zero.train[0].target["boxes"] == [[0, 1, 9, 9]]
    assert zero.options.first_pixel == "0"
    chosen = load("voc", tmp_path / "0", first_pixel="1")
    assert chosen.train[0].target["boxes"] == [[0, 0, 9, 9]]


def test_difficult_objects_are_ignored_or_as_any_other(tmp_path):
    write_voc(tmp_path, {"train": {"a": ((40, 60), [(1, 1, 9, 9, "cat"), (2, 2, 9, 9, "cat")])}})
    path = tmp_path / "Annotations/a.xml"
    path.write_text(path.read_text().replace("<difficult>0", "<difficult>1", 1))
    assert load("voc", tmp_path).train[0].target["crowd"] == [True, False]
    assert "crowd" not in load("voc", tmp_path, difficult="train").train[0].target


def test_annotations_without_image_and_images_without_annotation_are_named(tmp_path):
    write_voc(tmp_path)
    (tmp_path / "JPEGImages/b.png").unlink()
    (tmp_path / "Annotations/c.xml").unlink()
    dataset = load("voc", tmp_path)
    assert [dataset.train[index].id for index in range(len(dataset.train))] == [
        "JPEGImages/a.png", "JPEGImages/c.png"
    ]  # fmt: skip
    assert dataset.problems == [
        "1 annotation has no image, left out: 'Annotations/b.xml'",
        "1 image has no annotation, taken as showing no object: 'JPEGImages/c.png'",
    ]
    assert len(load("voc", tmp_path, unlabeled="leave-out").train) == 1


def test_names_of_lists_that_are_nowhere_and_annotations_in_no_list_are_named(tmp_path):
    write_voc(tmp_path)
    write(tmp_path / "ImageSets/Main/val.txt", "gone\n")
    dataset = load("voc", tmp_path)
    assert dataset.problems == [
        "1 name of ImageSets/Main has neither annotation nor image, left out: 'val.txt: gone'",
        "1 annotation is in no list of ImageSets/Main, left out: 'Annotations/d.xml'",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "<annotation>\n<object>\n</annotation>",
            r"a.xml, line 3 is not XML: opening and ending tag mismatch: object line 2 and annotation",
        ),
        ("", r"a.xml, line 1 is not XML: document is empty"),
        ("<html/>", r"a.xml is no annotation of Pascal VOC: its root is <html>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>\n<annotation/>", r"a.xml, line 1 declares a document type"),
        ("<annotation>\n<object><name>cat</name></object></annotation>", r"line 2: the object has no bndbox"),
        ("<annotation>\n\n<object><bndbox/></object></annotation>", r"line 3: the object has no name"),
        (
            "<annotation><object><name>cat</name>\n<bndbox><xmin>x</xmin></bndbox></object></annotation>",
            r"Annotations/a.xml, line 2: the bndbox has no xmin, ymin, xmax and ymax that are numbers",
        ),
    ],
)
def test_xml_that_is_broken(tmp_path, content, sentence):
    write_voc(tmp_path)
    write(tmp_path / "Annotations/a.xml", content)
    with pytest.raises(UserError, match=sentence):
        load("voc", tmp_path)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ("<polygon><x1>5</x1><y1>9</y1><x2>20</x2><y2>6</y2><x3>8</x3><y3>30</y3></polygon>", [5, 6, 20, 30]),
        (
            "<polygon><username>me</username><pt><x>5</x><y>9</y></pt><pt><x>20</x><y>6</y></pt></polygon>",
            [5, 6, 20, 9],
        ),
        (
            "<robndbox><cx>20</cx><cy>15</cy><w>10</w><h>4</h><angle>1.5707963</angle></robndbox>",
            [18, 10, 22, 20],
        ),
    ],
)
def test_outlines_and_turned_boxes_become_the_box_around_them(tmp_path, shape, box):
    write_voc(tmp_path, {"train": DATA["train"]}, lists=False)
    text = voc_file((40, 60), []).replace(
        "</annotation>", f"<object><name>cat</name>{shape}</object></annotation>"
    )
    write(tmp_path / "Annotations/train/a.xml", text)
    example = load("voc", tmp_path, first_pixel="0").train[0]
    assert [round(value, 3) for value in example.target["boxes"][0]] == box


def test_an_object_without_any_shape_is_refused(tmp_path):
    write_voc(tmp_path, {"train": DATA["train"]}, lists=False)
    text = voc_file((40, 60), []).replace("</annotation>", "<object><name>cat</name></object></annotation>")
    write(tmp_path / "Annotations/train/a.xml", text)
    with pytest.raises(UserError, match=r"Annotations/train/a.xml, line 4: the object has no bndbox"):
        load("voc", tmp_path)
