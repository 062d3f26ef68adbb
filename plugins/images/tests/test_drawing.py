"""Boxes and captions on images, and images as bytes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_images import reading
from suite_images.drawing import color_of, draw_boxes
from suite_images.encoding import jpeg, png

GRAY = np.full((200, 300, 3), 120, np.uint8)
RED = (255, 0, 0)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=2)


def test_the_image_itself_is_not_touched():
    before = GRAY.copy()
    drawn = draw_boxes(GRAY, [[10, 10, 60, 60]], ["cat"], [RED])
    assert (before == GRAY).all()
    assert drawn.shape == GRAY.shape
    assert changed(GRAY, drawn).any()


def test_a_box_is_a_frame_along_its_edges_and_leaves_what_is_in_it_as_it_was():
    drawn = draw_boxes(GRAY, [[50, 60, 150, 160]], [""], [RED], thickness=2)
    touched = changed(GRAY, drawn)
    assert (drawn[touched] == RED).all()
    inside = np.zeros_like(touched)
    inside[49:, :][:, 49:] = True
    rows, columns = np.nonzero(touched)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (59, 160, 49, 150)
    assert not touched[61:159, 51:149].any()
    assert touched[60, 50:150].all()
    assert touched[60:160, 50].all()


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 120), st.integers(1, 120), st.lists(st.tuples(*[st.floats(-50, 200)] * 4), max_size=5))
def test_any_box_can_be_drawn_on_an_image_of_any_size(height, width, corners):
    """Also one of no area, or outside."""
    boxes = [[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners]
    plain = np.full((height, width, 3), 120, np.uint8)
    drawn = draw_boxes(plain, boxes, ["a name 0.50"] * len(boxes), [RED] * len(boxes))
    assert drawn.shape == plain.shape
    assert changed(plain, drawn).any() == bool(boxes)


def test_an_image_changes_only_near_its_boxes():
    drawn = draw_boxes(GRAY, [[100, 100, 140, 130]], ["cat 0.93"], [RED])
    touched = changed(GRAY, drawn)
    rows, columns = np.nonzero(touched)
    assert rows.min() > 75
    assert rows.max() < 135
    assert columns.min() > 95
    assert columns.max() < 200


@pytest.mark.parametrize("box", [[0, 0, 40, 40], [260, 0, 300, 20], [0, 170, 30, 200], [280, 190, 300, 200]])
def test_a_caption_at_the_edge_of_the_image_is_there_as_a_whole(box):
    middle = [100, 100, 100 + box[2] - box[0], 100 + box[3] - box[1]]
    inks = []
    for position in (middle, box):
        drawn = draw_boxes(GRAY, [position], ["mmm"], [RED])
        inks.append((changed(GRAY, drawn) & (drawn != RED).any(axis=2)).sum())
    assert inks[0] > 20
    assert inks[0] == inks[1]


def test_a_caption_too_long_for_the_image_is_shortened_and_left_out_if_nothing_fits():
    narrow = np.full((60, 60, 3), 120, np.uint8)
    long = draw_boxes(narrow, [[5, 30, 50, 55]], ["a class with a very long name 0.93"], [RED])
    assert changed(narrow, long)[:28].any()
    tiny = np.full((8, 8, 3), 120, np.uint8)
    frame = draw_boxes(tiny, [[1, 1, 7, 7]], [""], [RED])
    assert (draw_boxes(tiny, [[1, 1, 7, 7]], ["cat"], [RED]) == frame).all()


def test_captions_cover_neither_each_other_nor_small_boxes():
    boxes = [[50, 50, 90, 90], [52, 52, 92, 92], [60, 40, 64, 44]]
    alone = draw_boxes(GRAY, boxes, ["", "", ""], [RED, (0, 0, 255), (0, 255, 0)])
    drawn = draw_boxes(GRAY, boxes, ["first", "second", ""], [RED, (0, 0, 255), (0, 255, 0)])
    green = (alone == (0, 255, 0)).all(axis=2)
    assert (drawn[green] == (0, 255, 0)).mean() > 0.7
    for color in (RED, (0, 0, 255)):
        assert (drawn == color).all(axis=2).sum() > (alone == color).all(axis=2).sum() + 50


def test_the_first_of_two_boxes_is_on_top():
    drawn = draw_boxes(GRAY, [[50, 50, 90, 90]] * 2, ["", ""], [RED, (0, 0, 255)])
    assert (drawn == RED).all(axis=2).any()
    assert not (drawn == (0, 0, 255)).all(axis=2).any()


def test_lines_grow_with_the_image_and_are_thin_around_small_boxes():
    def line(side: int, box: list[float]) -> int:
        image = np.zeros((side, side, 3), np.uint8)
        drawn = draw_boxes(image, [box], [""], [RED])
        middle = drawn[int((box[1] + box[3]) / 2)]
        return int((middle == RED).all(axis=1).sum()) // 2

    assert line(64, [10, 10, 50, 50]) == 1
    assert line(4000, [1000, 1000, 3000, 3000]) > 10
    assert line(4000, [1000, 1000, 1020, 1020]) <= 2


def test_text_is_black_on_bright_colors_and_white_on_dark_ones():
    large = np.full((1000, 1000, 3), 120, np.uint8)
    for color, text in (((255, 255, 0), (0, 0, 0)), ((0, 0, 90), (255, 255, 255))):
        drawn = draw_boxes(large, [[50, 50, 950, 950]], ["mmm"], [color])
        assert (drawn == text).all(axis=2).sum() > 20


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="older versions of OpenCV draw ASCII only")
def test_names_in_other_scripts_are_drawn_and_not_as_question_marks():
    def drawn(caption: str) -> bytes:
        return draw_boxes(GRAY, [[50, 50, 150, 150]], [caption], [RED]).tobytes()

    captions = ["红细胞", "Blutplättchen", "жук", "??", "???", "?????????????"]
    assert len({drawn(caption) for caption in captions}) == len(captions)
    assert drawn("红细胞") != drawn("白细胞")


def test_each_class_has_a_color_of_its_own_that_never_changes():
    colors = [color_of(index) for index in range(100)]
    assert colors == [color_of(index) for index in range(100)]
    assert len(set(colors)) == 100
    assert all(0 <= channel <= 255 for color in colors for channel in color)
    first = np.array(colors[:20], float)
    distances = np.linalg.norm(first[:, None] - first[None], axis=2)[~np.eye(20, dtype=bool)]
    assert distances.min() > 30


def test_a_png_keeps_every_pixel_and_a_jpeg_nearly():
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8), (0, 0), 4)
    assert (reading.read(png(image)) == image).all()
    assert np.abs(reading.read(jpeg(image, 95)).astype(int) - image).mean() < 3
    assert len(jpeg(image, 10)) < len(jpeg(image))
