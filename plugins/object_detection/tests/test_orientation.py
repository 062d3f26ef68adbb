"""Boxes of images that Exif turns: drawn on the image as it is stored, or on the upright one."""

import cv2
import numpy as np
import pytest

from boxes_on_disk import load, write
from suite_images import reading

HEIGHT, WIDTH = 40, 64
BOX = (10, 4, 26, 12)
"""Of the stored image."""


def jpeg(orientation, size=(HEIGHT, WIDTH)):
    """An image with a white rectangle at `BOX`, as it is stored, and the orientation in Exif."""
    image = np.zeros((*size, 3), np.uint8)
    image[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    tags = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0" + bytes([orientation]) + b"\0" * 7
    exif = b"Exif\0\0" + tags
    return content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + content[2:]


def coco(folder, orientations, size=(HEIGHT, WIDTH), annotated=True, box=BOX):
    images, annotations = [], []
    for number, orientation in enumerate(orientations):
        name = f"{number}.jpg"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(jpeg(orientation, size))
        known = {"height": size[0], "width": size[1]} if annotated else {}
        images.append({"id": number, "file_name": name, **known})
        x1, y1, x2, y2 = box
        annotations.append({"image_id": number, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1]})
    write(
        folder / "a.json",
        {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "x"}]},
    )


def shown(example):
    """The box around what is white in the image as it is read."""
    rows, columns = np.nonzero(reading.read(example.input)[:, :, 0] > 128)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("annotated", [True, False])
def test_boxes_on_the_stored_image_are_turned_with_it(tmp_path, orientation, annotated):
    coco(tmp_path, [orientation], annotated=annotated)
    example = load("coco", tmp_path, orientation="stored").train[0]
    assert example.target["boxes"] == [shown(example)]
    assert tuple(example.target["size"]) == reading.size(example.input)


def test_the_annotated_size_tells_and_the_other_images_follow(tmp_path):
    coco(tmp_path, [1, 6, 8, 3])
    dataset = load("coco", tmp_path)
    for index in range(4):
        example = dataset.train[index]
        assert example.target["boxes"] == [shown(example)]
    assert dataset.problems == [
        "3 images are turned by Exif, and their boxes with them, for they fit the images as stored: '1.jpg',"
        " '2.jpg' and '3.jpg'".replace(" and '3", ", '3")
    ]
    assert not dataset.problems[0].wrong


def test_without_sizes_a_box_that_fits_only_one_of_both_tells(tmp_path):
    coco(tmp_path, [6], annotated=False, box=(45, 4, 60, 12))
    assert load("coco", tmp_path).train[0].target["boxes"] == [[28, 45, 36, 60]]


def test_if_nothing_tells_boxes_are_of_the_upright_image_and_that_is_said(tmp_path):
    coco(tmp_path, [3], size=(HEIGHT, HEIGHT))
    dataset = load("coco", tmp_path)
    assert dataset.train[0].target["boxes"] == [list(BOX)]
    assert "say --set loader.orientation=stored" in dataset.problems[0]
    coco(tmp_path, [6])
    upright = load("coco", tmp_path, orientation="upright")
    assert upright.train[0].target["boxes"] == [list(BOX)]


def test_shares_are_of_the_image_that_they_were_drawn_on(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg(6))
    x1, y1, x2, y2 = BOX
    box = f"{(x1 + x2) / 2 / WIDTH} {(y1 + y2) / 2 / HEIGHT} {(x2 - x1) / WIDTH} {(y2 - y1) / HEIGHT}"
    write(tmp_path / "a.txt", f"0 {box}\n")
    example = load("yolo", tmp_path, orientation="stored").train[0]
    assert example.target["boxes"] == [shown(example)]
    assert example.target["size"] == [WIDTH, HEIGHT]
