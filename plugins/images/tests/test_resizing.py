"""Where an image lies when it is letterboxed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_images.resizing import LETTERBOX_GRAY, fit, letterbox, letterboxed

SIDE = st.integers(1, 90)


@settings(deadline=None)
@given(SIDE, SIDE, SIDE, SIDE)
def test_the_image_lies_exactly_where_the_placement_says(rows, columns, height, width):
    boxed = fit(np.full((rows, columns, 3), 255, np.uint8), height, width, "letterbox")
    scale_x, scale_y, left, top = letterboxed(rows, columns, height, width)
    white = (boxed == 255).all(axis=2)
    (lit_rows,), (lit_columns,) = np.nonzero(white.any(axis=1)), np.nonzero(white.any(axis=0))
    assert (lit_rows[0], lit_columns[0]) == (top, left)
    assert lit_rows[-1] + 1 == pytest.approx(top + rows * scale_y)
    assert lit_columns[-1] + 1 == pytest.approx(left + columns * scale_x)
    assert (boxed[~white] == LETTERBOX_GRAY).all()


def test_an_image_that_was_read_smaller_lies_where_the_whole_one_would():
    small = np.full((126, 200, 3), 255, np.uint8)
    boxed = letterbox(small, 96, 96, size=(1003, 1597))
    _, scale_y, _, top = letterboxed(1003, 1597, 96, 96)
    assert (boxed == 255).all(axis=(1, 2)).sum() == round(1003 * scale_y)
    assert (boxed[top : top + round(1003 * scale_y)] == 255).all()


def test_a_point_of_the_image_is_found_where_the_placement_says():
    image = np.zeros((200, 300, 3), np.uint8)
    image[50:100, 150:180] = 255
    boxed = letterbox(image, 128, 96)
    scale_x, scale_y, left, top = letterboxed(200, 300, 128, 96)
    weights = (boxed[:, :, 0] * (boxed[:, :, 0] != LETTERBOX_GRAY)).astype(float)
    y = (weights.sum(axis=1) @ (np.arange(128) + 0.5)) / weights.sum()
    x = (weights.sum(axis=0) @ (np.arange(96) + 0.5)) / weights.sum()
    assert (x, y) == (
        pytest.approx(165 * scale_x + left, abs=0.3),
        pytest.approx(75 * scale_y + top, abs=0.3),
    )
