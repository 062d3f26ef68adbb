"""Draws boxes with captions on images of any size."""

from __future__ import annotations

import colorsys
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from suite_images.color import LUMINANCE

Color = tuple[int, int, int]

# Told apart also by those who cannot tell red from green (Okabe and Ito, Color Universal Design, 2008).
_PALETTE: tuple[Color, ...] = (
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0), (204, 121, 167), (86, 180, 233),
    (240, 228, 66),
)  # fmt: skip

_MIN_TEXT = 9
"""Pixels. Text that would have to be smaller is shortened instead."""


def color_of(index: int) -> Color:
    """An RGB color for the class with this index: always the same, and different from its neighbors'."""
    if index < len(_PALETTE):
        return _PALETTE[index]
    hue = index * 0.618034 % 1  # by the golden ratio hues spread evenly, however many there are
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, (0.95, 0.7, 0.5)[index % 3])
    return round(255 * red), round(255 * green), round(255 * blue)


def draw_boxes(
    image: np.ndarray,
    boxes: np.ndarray | Sequence[Sequence[float]],
    captions: Sequence[str],
    colors: Sequence[Color],
    *,
    thickness: int | None = None,
) -> np.ndarray:
    r"""A copy of `image` with boxes on it.

    Lines and text grow with the image, and are smaller at small boxes. A caption stands above its box, or
    in, below or beside it, wherever it covers no earlier caption and hides no other box. If no position is
    free, as in a crowd, it is left out, and the color alone tells the class. It never leaves the image: a
    caption that is too long is shortened. Of boxes that overlap, the first is on top.

    With OpenCV 5 captions may be in any script of its built-in font (Latin, Greek, Cyrillic, Arabic, Chinese,
    Japanese, Korean, ...). Older versions draw ASCII only: accents are taken away there, and other
    characters are written as their code, `\u4e2d`.

    Args:
        image: uint8 (height, width, 3), RGB.
        boxes: (n, 4) x1, y1, x2, y2 in pixels.
        captions: one per box; "" for none.
        colors: RGB, one per box.
        thickness: of the lines in pixels; None chooses by the sizes of image and box.
    """
    annotated = np.array(image, np.uint8, order="C")
    height, width = annotated.shape[:2]
    frames = [_frame(box, height, width, thickness) for box in np.reshape(boxes, (-1, 4)).tolist()]
    for frame, color in reversed(list(zip(frames, colors, strict=True))):
        _draw_frame(annotated, frame, color)
    taken = _Taken(frames)
    for index, (caption, color) in enumerate(zip(captions, colors, strict=True)):
        label = _label(index, caption, taken, height, width) if caption else None
        if label is not None:
            _draw_label(annotated, label, color)
            taken.labels = np.append(taken.labels, [label[:4]], axis=0)
    return annotated


class _Frame(NamedTuple):
    """Outer edges of a frame in whole pixels, and the width of its line."""

    left: int
    top: int
    right: int
    bottom: int
    line: int


class _Label(NamedTuple):
    """Edges of a label in whole pixels, its text, and where the baseline of the text begins."""

    left: int
    top: int
    right: int
    bottom: int
    text: str
    size: int
    x: int
    y: int


def _frame(box: list[float], height: int, width: int, thickness: int | None) -> _Frame:
    x1, y1, x2, y2 = box
    line = thickness
    if line is None:
        usual = max(1, round((height + width) * 0.002))
        line = min(usual, max(1, round(min(x2 - x1, y2 - y1) / 12)))
    left = min(max(round(x1) - line // 2, 0), width - 1)
    top = min(max(round(y1) - line // 2, 0), height - 1)
    right = min(max(round(x2) + line // 2, left + 1), width)
    bottom = min(max(round(y2) + line // 2, top + 1), height)
    return _Frame(left, top, right, bottom, line)


def _draw_frame(image: np.ndarray, frame: _Frame, color: Color) -> None:
    left, top, right, bottom, line = frame
    inside = image[top:bottom, left:right]
    for strip in (inside[:line], inside[-line:], inside[:, :line], inside[:, -line:]):
        strip[:] = color


class _Taken:
    """What a caption must not cover: earlier captions, and more than a quarter of another box."""

    def __init__(self, frames: Sequence[_Frame]) -> None:
        self.frames = frames
        self.labels = np.zeros((0, 4), np.int64)
        self._edges = np.array([frame[:4] for frame in frames], np.int64).reshape(-1, 4)

    def covers(self, index: int, rectangle: tuple[int, int, int, int]) -> bool:
        """Whether a caption of the box `index` at `rectangle` would cover any of it."""
        if _shares(self.labels, rectangle).any():
            return True
        hidden = _shares(self._edges, rectangle) > 0.25
        hidden[index] = False
        return bool(hidden.any())


def _shares(edges: np.ndarray, rectangle: tuple[int, int, int, int]) -> np.ndarray:
    """The share of each rectangle of `edges`, (n, 4), that lies under `rectangle`."""
    left, top, right, bottom = rectangle
    wide = np.minimum(edges[:, 2], right) - np.maximum(edges[:, 0], left)
    high = np.minimum(edges[:, 3], bottom) - np.maximum(edges[:, 1], top)
    areas = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    shares: np.ndarray = wide.clip(0) * high.clip(0) / areas
    return shares


def _label(index: int, caption: str, taken: _Taken, height: int, width: int) -> _Label | None:
    frame = taken.frames[index]
    usual = (height + width) * 0.012
    side = min(frame.right - frame.left, frame.bottom - frame.top)
    size = round(max(_MIN_TEXT, min(usual, max(0.6 * usual, 0.3 * side))))
    margin = max(1, size // 5)
    fitted = _fitted(caption, size, width - 2 * margin)
    if fitted is None:
        return None
    text, size, (long, ascent, descent) = fitted
    wide, high = long + 2 * margin, ascent + descent + margin
    aligned = min(frame.left, width - wide)
    for left, top in (
        (aligned, frame.top - high),
        (aligned, frame.top),
        (aligned, frame.bottom),
        (aligned, frame.bottom - high),
        (frame.right, frame.top),
        (frame.left - wide, frame.top),
    ):
        right, bottom = left + wide, top + high
        inside = left >= 0 and top >= 0 and right <= width and bottom <= height
        if inside and not taken.covers(index, (left, top, right, bottom)):
            return _Label(left, top, right, bottom, text, size, left + margin, top + margin // 2 + ascent)
    return None


def _draw_label(image: np.ndarray, label: _Label, color: Color) -> None:
    image[label.top : label.bottom, label.left : label.right] = color
    bright = float(np.dot(LUMINANCE, color)) > 140
    _write(image, label.text, (label.x, label.y), label.size, (0, 0, 0) if bright else (255, 255, 255))


def _fitted(text: str, size: int, width: int) -> tuple[str, int, tuple[int, int, int]] | None:
    """The text, its size and its measures, smaller or shortened so that it is at most `width` long."""
    measures = _measure(text, size)
    if measures[0] > width:
        size = max(_MIN_TEXT, size * width // measures[0])
        measures = _measure(text, size)
    kept = text
    while measures[0] > width:
        kept = kept[:-1].rstrip()
        if not kept:
            return None
        measures = _measure(kept + "…", size)
    return (text if kept == text else kept + "…"), size, measures


if hasattr(cv2, "FontFace"):  # OpenCV 5

    def _measure(text: str, size: int) -> tuple[int, int, int]:
        """Length of a text, and how far it reaches above and below its baseline, in pixels."""
        long = cv2.getTextSize((0, 0), text, (0, 0), _font(), size)[2]
        return long, size, round(0.35 * size)

    def _write(image: np.ndarray, text: str, at: tuple[int, int], size: int, color: Color) -> None:
        cv2.putText(image, text, at, color, _font(), size)

    def _font() -> Any:
        return cv2.FontFace("uni")  # a new one each time: nothing says that threads may share it

else:

    def _measure(text: str, size: int) -> tuple[int, int, int]:
        """Length of a text, and how far it reaches above and below its baseline, in pixels."""
        (long, _), _ = cv2.getTextSize(_ascii(text), cv2.FONT_HERSHEY_SIMPLEX, _scale(size), _pen(size))
        return long, size, round(0.35 * size)

    def _write(image: np.ndarray, text: str, at: tuple[int, int], size: int, color: Color) -> None:
        cv2.putText(
            image, _ascii(text), at, cv2.FONT_HERSHEY_SIMPLEX, _scale(size), color, _pen(size), cv2.LINE_AA
        )

    def _scale(size: int) -> float:
        return size / 30  # a capital letter has 22 pixels at scale 1, about three quarters of a line

    def _pen(size: int) -> int:
        return max(1, round(size / 14))

    def _ascii(text: str) -> str:
        plain = "".join(
            letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
        )
        return plain.encode("ascii", "backslashreplace").decode()
