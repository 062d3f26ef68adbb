"""Non-maximum suppression: of boxes of a class that overlap much, the one with the highest score stays."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np


def suppress(
    boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, iou_threshold: float, limit: int
) -> np.ndarray:
    """Greedy non-maximum suppression within each class.

    The boxes are gone through from the highest score to the lowest (equal scores in their order), and
    a box is kept if its intersection over union with each kept box of its class is at most `iou_threshold`.

    Args:
        boxes: (n, 4) x1, y1, x2, y2 of positive areas, not negative.
        scores: (n,).
        classes: (n,) integers, not negative.
        iou_threshold: 0 to 1; 1 keeps all.
        limit: how many are kept at most.

    Returns:
        int64 (kept,): indices, by falling score.
    """
    order = np.argsort(-scores, kind="stable")
    corners = boxes[order].astype(np.float64)
    rectangles: Any = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    # OpenCV's scores are float32, in which neighbors may be equal: it gets ranks instead.
    ranks: Any = np.arange(len(order), 0, -1, dtype=np.float32)
    sorted_classes = classes[order]
    # What is kept of the highest scores does not depend on the others, so these are looked at only if too
    # few are kept: the time grows with candidates times kept.
    first = 2 * limit
    while True:
        kept: list[int] = []
        for label in np.unique(sorted_classes[:first]):
            (members,) = np.nonzero(sorted_classes[:first] == label)
            survivors = cv2.dnn.NMSBoxes(rectangles[members], ranks[members], 0.0, iou_threshold)
            kept += members[np.asarray(survivors, np.int64)].tolist()
        if len(kept) >= limit or first >= len(order):
            return order[sorted(kept)[:limit]]
        first *= 4
