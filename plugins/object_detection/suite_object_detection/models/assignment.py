"""Which locations learn which box: task-aligned assignment, in operations of any backend."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from suite_object_detection.models.overlap import overlap

Tensor = Any


class Assignment(NamedTuple):
    """What each location learns. No gradient flows through it.

    Attributes:
        owned: (batch, locations) float32: 1 if the location learns a box, else 0.
        owner: (batch, locations) int32: which box; meaningless if none.
        quality: (batch, locations) float32: the target of the box's class, 0 to 1; 0 if none.
    """

    owned: Tensor
    owner: Tensor
    quality: Tensor


def assign(
    scores: Tensor,
    boxes: Tensor,
    true_classes: Tensor,
    true_boxes: Tensor,
    centers: Tensor,
    *,
    candidates: int = 10,
    smallest: float = 8.0,
) -> Assignment:
    """Give each true box the locations in it that do best at class and box together.

    Feng et al. 2021, "TOOD: Task-aligned One-stage Object Detection", arXiv:2108.07755, section 3.2: a
    location's alignment with a box is score^0.5 * overlap^6; the `candidates` best of the locations whose
    center lies in the box learn it. A location that several boxes want goes to the one that it overlaps
    most. What a location's class learns is its alignment, scaled so that the largest of a box is the largest
    overlap of that box.

    Args:
        scores: (batch, locations, classes) predicted probabilities.
        boxes: (batch, locations, 4) predicted boxes in pixels.
        true_classes: (batch, boxes) int32; negative is no box.
        true_boxes: (batch, boxes, 4).
        centers: (locations, 2).
        candidates: locations per box, at most.
        smallest: boxes with shorter sides than this are taken for so large when asking which centers lie in
            them, so that no box is smaller than the finest grid and learned by nobody.
    """
    scores, boxes = ops.stop_gradient(scores), ops.stop_gradient(boxes)
    classes = scores.shape[-1]
    real = ops.expand_dims(ops.cast(true_classes >= 0, "float32"), -1)
    wanted = ops.one_hot(ops.maximum(true_classes, 0), classes, dtype="float32")
    # (batch, boxes, locations) from here on: boxes by locations, the largest arrays of a training.
    # They are multiplied rather than raised to a power, which takes ten times as long.
    sure = ops.matmul(wanted * real, ops.transpose(ops.sqrt(scores + 1e-9), (0, 2, 1)))
    overlaps = overlap(ops.expand_dims(true_boxes, 2), ops.expand_dims(boxes, 1))
    cubed = overlaps * overlaps * overlaps
    alignment = sure * cubed * cubed * inside(centers, at_least(true_boxes, smallest))
    count = min(candidates, int(centers.shape[0]))
    last = ops.min(ops.top_k(alignment, count)[0], axis=-1, keepdims=True)
    chosen = ops.logical_and(alignment >= last, alignment > 0)
    claims = ops.where(chosen, overlaps, -1.0)
    owner = ops.argmax(claims, axis=1)
    best = ops.max(claims, axis=1)
    owned = ops.cast(best > 0, "float32")
    mine = ops.logical_and(chosen, claims >= ops.expand_dims(best, 1))
    alignment = ops.where(mine, alignment, 0.0)
    most_aligned = ops.max(alignment, axis=-1, keepdims=True)
    most_overlap = ops.max(ops.where(mine, overlaps, 0.0), axis=-1, keepdims=True)
    factor = most_overlap / ops.where(most_aligned > 0, most_aligned, 1.0)
    quality = ops.max(alignment * factor, axis=1)
    return Assignment(owned, ops.cast(owner, "int32"), quality)


def inside(centers: Tensor, boxes: Tensor) -> Tensor:
    """(batch, boxes, locations) float32: 1 if a center (locations, 2) lies in a box (batch, boxes, 4)."""
    x, y = centers[:, 0], centers[:, 1]
    x1, y1, x2, y2 = (boxes[..., index : index + 1] for index in range(4))
    across = ops.logical_and(x >= x1, x <= x2)
    return ops.cast(ops.logical_and(across, ops.logical_and(y >= y1, y <= y2)), "float32")


def at_least(boxes: Tensor, side: float) -> Tensor:
    """Boxes with the same centers whose sides are no shorter than `side`."""
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    half = ops.maximum((boxes[..., 2:] - boxes[..., :2]) / 2, side / 2)
    return ops.concatenate([middle - half, middle + half], axis=-1)
