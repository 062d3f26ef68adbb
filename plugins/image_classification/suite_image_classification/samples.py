"""A few made-up images, to try the task without any data."""

from __future__ import annotations

import cv2
import numpy as np

from suite.data import Dataset, Example

SHAPES = ("disc", "square", "triangle")
SIZE = 24


def sample() -> Dataset:
    """Discs, squares and triangles of random color, size and position: the same ones at every call.

    Inputs are uint8 arrays (24, 24, 3), RGB.
    """
    generator = np.random.default_rng(0)
    return Dataset(
        train=_split("train", 20, generator),
        validation=_split("validation", 5, generator),
        test=_split("test", 5, generator),
        facts={"classes": list(SHAPES), "multi_label": False},
    )


def _split(name: str, per_shape: int, generator: np.random.Generator) -> list[Example]:
    return [
        Example(f"{name}/{shape}/{index}", _image(shape, generator), shape)
        for index in range(per_shape)
        for shape in SHAPES
    ]


def _image(shape: str, generator: np.random.Generator) -> np.ndarray:
    ground, ink = (generator.integers(low, low + 100, 3) for low in (0, 155))
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = ground
    color = [int(value) for value in ink]
    radius = int(generator.integers(5, 9))
    x, y = (int(value) for value in generator.integers(radius, SIZE - radius, 2))
    if shape == "disc":
        cv2.circle(image, (x, y), radius, color, cv2.FILLED)
    elif shape == "square":
        cv2.rectangle(image, (x - radius, y - radius), (x + radius, y + radius), color, cv2.FILLED)
    else:
        corners = np.array([[x, y - radius], [x - radius, y + radius], [x + radius, y + radius]])
        cv2.fillPoly(image, [corners], color)
    return image
