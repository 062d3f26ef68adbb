"""How well boxes overlap, in operations of any backend. Boxes are x1, y1, x2, y2."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

Tensor = Any

EPSILON = 1e-7
"""Added to areas and lengths before they divide."""


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes (..., 4) whose other axes broadcast."""
    return _over_union(_edges(first), _edges(second))


def complete_overlap(first: Tensor, second: Tensor) -> Tensor:
    """Complete intersection over union: less the further apart the centers and the proportions are.

    Zheng et al. 2020, "Distance-IoU Loss", arXiv:1911.08287, section 3.3 (CIoU). Unlike the plain overlap, it
    has a gradient where boxes do not touch.

    Args:
        first: (..., 4) boxes.
        second: (..., 4) boxes.
    """
    edges, others = _edges(first), _edges(second)
    x1, y1, x2, y2 = edges
    left, top, right, bottom = others
    shared = _over_union(edges, others)
    width = ops.maximum(x2, right) - ops.minimum(x1, left)
    height = ops.maximum(y2, bottom) - ops.minimum(y1, top)
    diagonal = width**2 + height**2 + EPSILON
    apart = ((x1 + x2 - left - right) ** 2 + (y1 + y2 - top - bottom) ** 2) / 4
    shape = (4 / math.pi**2) * (
        ops.arctan((x2 - x1) / (y2 - y1 + EPSILON)) - ops.arctan((right - left) / (bottom - top + EPSILON))
    ) ** 2
    weight = ops.stop_gradient(shape / (1 - shared + shape + EPSILON))
    return shared - apart / diagonal - weight * shape


def _edges(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    # The gradient of a split is one concatenation; that of four indices would be four arrays of zeros.
    x1, y1, x2, y2 = (ops.squeeze(edge, -1) for edge in ops.split(boxes, 4, axis=-1))
    return x1, y1, x2, y2


def _over_union(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> Tensor:
    x1, y1, x2, y2 = first
    left, top, right, bottom = second
    width = ops.maximum(ops.minimum(x2, right) - ops.maximum(x1, left), 0.0)
    height = ops.maximum(ops.minimum(y2, bottom) - ops.maximum(y1, top), 0.0)
    shared = width * height
    return shared / ((x2 - x1) * (y2 - y1) + (right - left) * (bottom - top) - shared + EPSILON)
