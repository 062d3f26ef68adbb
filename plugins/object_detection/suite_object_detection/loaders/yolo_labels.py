"""YOLO's label files: a line per object, `class x y width height` as shares of the image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from suite import UserError
from suite.kit import counted
from suite.sources import Source
from suite_object_detection.types import Box

PIXELS_FROM = 2.0
"""A share may be somewhat above 1 if a box reaches out of its image; from here on it must be pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a label file: its number, the number of the class, and x1, y1, x2, y2 as shares."""

    number: int
    label: int
    corners: Box


def read_lines(source: Source, name: str, keypoints: bool = False) -> Iterator[Line]:
    """Read a label file. The outline of a polygon, or of a turned box, becomes the box around it.

    Args:
        source: the file.
        name: how a message calls it.
        keypoints: whether coordinates of points follow each box.

    Raises:
        UserError: for what is no text, and for the first line that is no box, or in pixels.
    """
    content = source.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(
            f"{name} is no text: a label file has a line 'class x y width height' for each object"
        )
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words:
            yield _line(words, number, name, keypoints)


def _line(words: list[str], number: int, name: str, keypoints: bool) -> Line:
    try:
        label, *values = map(float, words)
    except ValueError:
        raise UserError(f"{name}, line {number}: '{' '.join(words)[:60]}' is not of numbers") from None
    if not label.is_integer() or label < 0:
        raise UserError(f"{name}, line {number}: {words[0][:20]} is no number of a class")
    if len(values) > 4 and keypoints:
        values = values[:4]
    if len(values) < 4 or (len(values) > 4 and (len(values) % 2 or len(values) < 6)):
        raise UserError(
            f"{name}, line {number} has {counted(len(words), 'number', 'numbers')}: a box is class, x, y,"
            " width and height, an outline the class and pairs of x and y"
        )
    if not all(map(math.isfinite, values)):
        raise UserError(f"{name}, line {number}: '{' '.join(words)[:60]}' is not of finite numbers")
    if any(abs(value) >= PIXELS_FROM for value in values):
        raise UserError(
            f"{name}, line {number}: {max(values, key=abs):g} looks like pixels, but coordinates here are"
            " shares of the image's width and height: divide them by its size"
        )
    if len(values) == 4:
        x, y, width, height = values
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    else:
        corners = (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
    return Line(number, int(label), corners)
