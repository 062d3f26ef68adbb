"""Geometry of augmentation: every step maps the corners of a box like the pixels under it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rectangles import extent, of_class, painted
from suite_object_detection.batches.geometry import (
    boxes_through,
    clipped,
    linear_maps,
    matrices_around,
    paint,
)
from suite_object_detection.batches.mosaic import laid_out


def map_of(scale=(1.0, 1.0), quarters=0, flip=False, upside_down=False, turn=0.0, shear=(0.0, 0.0)):
    return linear_maps(
        np.array([scale]),
        quarters=np.array([quarters]),
        flip=np.array([flip]),
        upside_down=np.array([upside_down]),
        turn=np.array([turn]),
        shear=np.array([shear]),
    )


def seen(image: np.ndarray, maps: np.ndarray, position, height: int = 200, width: int = 220):
    matrices = matrices_around(maps, np.array([image.shape[1::-1]]) / 2, np.array([position]))
    canvas = np.zeros((height, width, 3), np.uint8)
    paint(image, matrices[0], canvas, np.array([0, 0, width, height]))
    return canvas, matrices


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(
    box=st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(4, 40), st.integers(4, 30)),
    scale=st.tuples(st.floats(0.3, 2.5), st.floats(0.3, 2.5)),
    quarters=st.integers(0, 3),
    flip=st.booleans(),
    upside_down=st.booleans(),
    position=st.tuples(st.floats(0, 220), st.floats(0, 200)),
)
def test_scale_position_mirror_and_quarter_turns_take_a_box_where_its_pixels_go(
    box, scale, quarters, flip, upside_down, position
):
    x, y, w, h = box
    image = painted([(x, y, x + w, y + h)], [1], 60, 80)
    canvas, matrices = seen(image, map_of(scale, quarters, flip, upside_down), position)
    (left,) = clipped(boxes_through(np.array([[x, y, x + w, y + h]]), matrices), np.array([0, 0, 220, 200]))
    mask = of_class(canvas, 1)
    if (left[2:] - left[:2]).min() >= 2:
        assert extent(mask) == pytest.approx(left, abs=1)
    elif mask.any():  # a box of a fraction of a pixel is too faint for all of it to be found
        x1, y1, x2, y2 = extent(mask)
        assert clipped(np.array([[x1, y1, x2, y2]]), np.add(left, (-1, -1, 1, 1))).tolist() == [
            [x1, y1, x2, y2]
        ]


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(
    box=st.tuples(st.integers(2, 40), st.integers(2, 30), st.integers(8, 36), st.integers(8, 28)),
    scale=st.floats(0.6, 1.2),
    turn=st.floats(-180, 180),
    shear=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    flip=st.booleans(),
    position=st.tuples(st.floats(95, 125), st.floats(95, 105)),
)
def test_turn_and_shear_take_the_corners_of_a_box_where_its_pixels_go(
    box, scale, turn, shear, flip, position
):
    x, y, w, h = box
    image = painted([(x, y, x + w, y + h)], [2], 60, 80)
    canvas, matrices = seen(image, map_of((scale, scale), flip=flip, turn=turn, shear=shear), position)
    (moved,) = boxes_through(np.array([[x, y, x + w, y + h]]), matrices)
    # The tip of a corner covers little of its pixel.
    assert extent(of_class(canvas, 2, least=64)) == pytest.approx(moved, abs=1)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3), st.booleans(), st.booleans())
def test_quarter_turns_and_mirroring_keep_every_pixel_as_it_is(seed, quarters, flip, upside_down):
    image = np.random.default_rng(seed).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    expected = np.rot90(image, -quarters)
    expected = expected[:: -1 if upside_down else 1, :: -1 if flip else 1]
    height, width = expected.shape[:2]
    maps = map_of(quarters=quarters, flip=flip, upside_down=upside_down)
    canvas, _ = seen(image, maps, (width / 2, height / 2), height, width)
    assert (canvas == expected).all()


def test_a_turn_by_ninety_degrees_is_a_quarter_turn_clockwise():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    turned, _ = seen(image, map_of(turn=90), (10, 15), 30, 20)
    assert abs(turned.astype(int) - np.rot90(image, -1)).max() <= 1


def test_an_image_that_shrinks_much_is_averaged_and_not_skipped():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    canvas, _ = seen(stripes, map_of((1 / 7, 1 / 7)), (16, 16), 32, 32)
    assert abs(canvas.astype(int) - 127.5).max() < 4


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 6), st.integers(1, 6))
def test_only_the_region_is_painted_and_all_of_it(x, y, w, h):
    canvas = np.full((12, 12, 3), 7, np.uint8)
    paint(
        np.zeros((1, 1, 3), np.uint8),
        np.array([[1.0, 0, 0], [0, 1, 0]]),
        canvas,
        np.array([x, y, x + w, y + h]),
    )
    inside = np.zeros((12, 12), bool)
    inside[y : y + h, x : x + w] = True
    assert (canvas[~inside] == 7).all()
    assert (canvas[inside] != 7).all()


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9), st.floats(0, 1))
def test_the_tiles_of_a_mosaic_fill_every_canvas_once_and_its_own_image_is_among_them(seed, count, mosaic):
    tiles = laid_out(count, 8, 9, mosaic, np.random.default_rng(seed))
    covered = np.zeros((count, 8, 9), int)
    for canvas, (x1, y1, x2, y2) in zip(tiles.canvas, tiles.region, strict=True):
        assert x1 < x2
        assert y1 < y2
        covered[canvas, y1:y2, x1:x2] += 1
    assert (covered == 1).all()
    assert (np.diff(tiles.canvas) >= 0).all()
    for canvas in range(count):
        assert canvas in tiles.source[tiles.canvas == canvas]
    assert (tiles.source[tiles.alone] == tiles.canvas[tiles.alone]).all()
