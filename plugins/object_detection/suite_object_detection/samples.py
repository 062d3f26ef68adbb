"""A few made-up images with boxes, for trying the task without any data."""

from __future__ import annotations

import cv2
import numpy as np

from suite.data import Dataset, Example
from suite_object_detection.types import Target

SHAPES = {"disc": (220, 60, 50), "square": (60, 190, 80), "triangle": (70, 90, 230)}
"""The classes, with the color near which each is painted."""

HEIGHT, WIDTH = 64, 96


def sample() -> Dataset:
    """Discs, squares and triangles on noise, none to three in an image: the same ones at every call.

    Inputs are uint8 arrays (64, 96, 3), RGB.
    """
    generator = np.random.default_rng(0)
    return Dataset(
        train=_split("train", 20, generator),
        validation=_split("validation", 5, generator),
        test=_split("test", 5, generator),
        facts={"classes": list(SHAPES)},
    )


def _split(name: str, count: int, generator: np.random.Generator) -> list[Example]:
    examples = []
    for index in range(count):
        # Every shape is in each split, and one image of a split shows nothing.
        wanted = min(index, 1 + index % 3)
        shapes = [list(SHAPES)[(index + number) % len(SHAPES)] for number in range(wanted)]
        image, target = _scene(shapes, generator)
        examples.append(Example(f"{name}/{index}", image, dict(target)))
    return examples


def _scene(shapes: list[str], generator: np.random.Generator) -> tuple[np.ndarray, Target]:
    """An image with the shapes side by side, each in a column of its own."""
    image = generator.integers(90, 150, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    boxes = []
    column = WIDTH // max(1, len(shapes))
    for number, shape in enumerate(shapes):
        radius = int(generator.integers(8, 15))
        x = int(generator.integers(radius, column - radius)) + number * column
        y = int(generator.integers(radius, HEIGHT - radius))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        if shape == "disc":
            cv2.circle(mask, (x, y), radius, 1, cv2.FILLED)
        elif shape == "square":
            cv2.rectangle(mask, (x - radius, y - radius), (x + radius, y + radius), 1, cv2.FILLED)
        else:
            corners = np.array([[x, y - radius], [x - radius, y + radius], [x + radius, y + radius]])
            cv2.fillPoly(mask, [corners], 1)
        color = np.array(SHAPES[shape]) + generator.integers(-30, 31, 3)
        image[mask > 0] = np.clip(color, 0, 255)
        rows, columns = np.nonzero(mask)
        boxes.append(
            [float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)]
        )
    return image, Target(size=[HEIGHT, WIDTH], boxes=boxes, labels=shapes)
