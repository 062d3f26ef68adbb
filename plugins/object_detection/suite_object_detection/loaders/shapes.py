"""Boxes around shapes: outlines, circles, turned rectangles."""

from __future__ import annotations

import math
from collections.abc import Sequence

from suite_object_detection.types import Box


def around(x: Sequence[float], y: Sequence[float]) -> Box:
    """The box around points.

    Args:
        x: of each.
        y: of each.

    Raises:
        ValueError: if there are fewer than two points, or a coordinate is missing.
    """
    if len(x) < 2 or len(x) != len(y):
        raise ValueError(f"{len(x)} and {len(y)} coordinates are no outline")
    return min(x), min(y), max(x), max(y)


def around_ellipse(x: float, y: float, radius_x: float, radius_y: float, angle: float = 0.0) -> Box:
    """The box around an ellipse.

    Args:
        x: of its center.
        y: of its center.
        radius_x: half of its one axis, level unless it is turned.
        radius_y: half of the other.
        angle: by which it is turned, in radians.
    """
    cosine, sine = math.cos(angle), math.sin(angle)
    half_x = math.hypot(radius_x * cosine, radius_y * sine)
    half_y = math.hypot(radius_x * sine, radius_y * cosine)
    return x - half_x, y - half_y, x + half_x, y + half_y


def around_turned(x: float, y: float, width: float, height: float, angle: float) -> Box:
    """The box around a rectangle that is turned about its center.

    Args:
        x: of its center.
        y: of its center.
        width: before it is turned.
        height: before it is turned.
        angle: in radians.
    """
    cosine, sine = math.cos(angle), math.sin(angle)
    half_x = (abs(width * cosine) + abs(height * sine)) / 2
    half_y = (abs(width * sine) + abs(height * cosine)) / 2
    return x - half_x, y - half_y, x + half_x, y + half_y
