"""Small images for people."""

from __future__ import annotations

import numpy as np
import pytest

from suite_images.thumbnails import thumbnail


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((400, 200), (160, 80)),
        ((100, 50), (160, 80)),
        ((28, 28), (140, 140)),
        ((1, 1), (160, 160)),
        ((3000, 2), (160, 1)),
    ],
)
def test_the_longer_side_is_as_asked_or_a_multiple_of_what_is_there(size, expected):
    assert thumbnail(np.zeros((*size, 3), np.uint8), 160).shape == (*expected, 3)


def test_small_images_are_enlarged_with_their_pixels_kept_square():
    image = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
    assert (thumbnail(image, 16) == image.repeat(3, axis=0).repeat(3, axis=1)).all()
