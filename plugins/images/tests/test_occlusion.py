"""Occlusion: regions are blurred one at a time, and what falls with them is their heat."""

from __future__ import annotations

import numpy as np
import pytest

from suite_images.occlusion import Grid, heat_of, views

GRIDS = (Grid(2), Grid(3, (8, 4, 40, 36)))


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def test_the_first_view_is_the_image_and_each_other_one_is_changed_in_one_region(image):
    original, *others = views(image, GRIDS)
    assert (original == image).all()
    assert len(others) == 4 + 9
    top_left, window = others[0], others[4:]
    assert (top_left[:12, :16] != image[:12, :16]).mean() > 0.9
    assert (top_left[40:, 50:] == image[40:, 50:]).all()
    for view in window:
        outside = np.ones(image.shape, bool)
        outside[4:36, 8:40] = False
        assert (view[outside] == image[outside]).all()
        assert (view != image).any()


def test_equal_falls_are_equal_heat_over_the_image_and_none_at_the_border_of_a_window():
    assert heat_of(np.ones(4), GRIDS[:1], (48, 64)) == pytest.approx(1)
    heat = heat_of(np.ones(9), GRIDS[1:], (48, 64))
    assert heat[14:26, 18:30] == pytest.approx(1)
    assert not heat[:4].any()
    assert heat[20, 9] < 0.2


def test_large_images_are_blurred_until_no_shape_is_left():
    stripes = np.zeros((600, 900, 3), np.uint8)
    stripes[:, ::2] = 255
    _, only = views(stripes, [Grid(1)])
    assert np.ptp(only) <= 4
