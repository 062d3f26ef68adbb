"""Average precision and recall from matches, for images that count any number of times.

The definitions are those of COCO (pycocotools' `COCOeval.accumulate`): the precision at a recall is the
highest at this recall or a higher one, and average precision is the mean of that at the 101 recalls 0, 0.01,
..., 1. Detections are sorted once. A resample is then a weight per image: how often it was drawn. Of
an image that was drawn twice, each detection counts as two of the same score, one after the other.
"""

from __future__ import annotations

import numpy as np

from suite_object_detection.evaluation.arrays import BoxArrays
from suite_object_detection.evaluation.matching import AREAS, IOU_THRESHOLDS, Matching

RECALLS = np.linspace(0.0, 1.0, 101)
ALLOWED = (1, 10, 100)
"""Numbers of detections of a class in an image that recall is given for."""


class AveragePrecision:
    """Average precision of every class, range of areas and threshold of overlap.

    A *row* in here is a class, a range of areas and a threshold, in this order of significance.
    """

    def __init__(self, arrays: BoxArrays, matching: Matching) -> None:
        truth, detected = arrays.truth, arrays.detected
        self.shape = len(arrays.classes), len(AREAS), len(IOU_THRESHOLDS)
        labels, image = detected.labels[matching.detections], detected.image[matching.detections]
        order = np.lexsort((-detected.scores[matching.detections], labels))
        position = np.empty(len(order), np.intp)
        position[order] = np.arange(len(order))
        limits = np.array(list(AREAS.values()))
        # A detection counts in the ranges that its size is in, unless a match says otherwise.
        areas = matching.areas[order]
        in_range = (limits[:, :1] <= areas) & (areas <= limits[:, 1:])
        self._counted_image = image[order][np.nonzero(in_range)[1]]

        # Recall rises at matches only, and precision between two of them only falls. So what happens at
        # matches is enough, and they are as few as there are annotated boxes.
        label = labels[matching.detection]
        row = (label * self.shape[1] + matching.area) * self.shape[2] + matching.threshold
        by_row = np.lexsort((position[matching.detection], row))
        self._row = row[by_row]
        area, at = matching.area[by_row], position[matching.detection][by_row]
        self._match_image = image[order][at]
        self._true_positive = ~matching.ignored[by_row]
        self._change = self._true_positive.astype(np.int64) - in_range[area, at]
        # Positions of a match and of the begin of its class, in running sums over what counts in each range.
        counted = np.concatenate([[0], np.cumsum(in_range)])
        starts = np.searchsorted(labels[order], np.arange(self.shape[0]))
        self._upto = counted[area * len(order) + at + 1]
        self._from = counted[area * len(order) + starts[label[by_row]]]
        self._first = np.diff(self._row, prepend=-1) != 0

        matched = np.flatnonzero((matching.area == 0) & ~matching.ignored)
        positive = matching.detection[matched]
        step = np.searchsorted(ALLOWED, matching.ranks[positive], side="right")
        self._positive_cell = (step * self.shape[0] + labels[positive]) * self.shape[2] + matching.threshold[
            matched
        ]
        self._positive_image = image[positive]

        counted_in = (limits[:, :1] <= truth.areas) & (truth.areas <= limits[:, 1:]) & ~truth.crowd
        area, box = np.nonzero(counted_in)
        self._truth_cell = truth.labels[box] * self.shape[1] + area
        self._truth_image = truth.image[box]

    def ground_truth(self, weights: np.ndarray) -> np.ndarray:
        """How many boxes of the ground truth there are: float64 (classes, areas)."""
        cells = self.shape[0] * self.shape[1]
        counts = np.bincount(self._truth_cell, weights=weights[self._truth_image], minlength=cells)
        return counts.reshape(self.shape[:2])

    def precision(self, weights: np.ndarray) -> np.ndarray:
        """Average precision.

        Args:
            weights: integers (images,), how often each image counts.

        Returns:
            float64 (classes, areas, thresholds), NaN if there is nothing to be found.
        """
        truth = np.repeat(self.ground_truth(weights), self.shape[2])
        drawn = weights[self._match_image]
        positives = self._running(drawn * self._true_positive)
        sums = np.concatenate([[0], np.cumsum(weights[self._counted_image])])
        counted = sums[self._upto] - sums[self._from] + self._running(drawn * self._change)
        precision = positives / np.maximum(counted, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            reached = np.searchsorted(RECALLS, positives / truth[self._row], side="right")
        gained = np.diff(reached, prepend=0)
        gained[self._first] = reached[self._first]
        heights = self._highest_from_here(precision)
        areas = np.bincount(self._row, weights=heights * gained, minlength=len(truth))
        return np.where(truth > 0, areas / len(RECALLS), np.nan).reshape(self.shape)

    def recall(self, weights: np.ndarray) -> np.ndarray:
        """The share of all boxes that is found if 1, 10 or 100 detections are allowed.

        Args:
            weights: integers (images,), how often each image counts.

        Returns:
            float64 (3, classes, thresholds), NaN if there is nothing to be found. The detections that are
            allowed are those with the highest scores of each class in each image.
        """
        classes, _, thresholds = self.shape
        cells = len(ALLOWED) * classes * thresholds
        counts = np.bincount(self._positive_cell, weights=weights[self._positive_image], minlength=cells)
        found = np.cumsum(counts.reshape(len(ALLOWED), classes, thresholds), axis=0)
        truth = self.ground_truth(weights)[:, :1]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares: np.ndarray = np.where(truth > 0, found / truth, np.nan)
        return shares

    def _running(self, values: np.ndarray) -> np.ndarray:
        """Sums from the beginning of each row."""
        sums: np.ndarray = np.cumsum(values)
        starts = np.flatnonzero(self._first)
        before = sums[starts] - values[starts]
        from_start: np.ndarray = sums - before[np.cumsum(self._first) - 1]
        return from_start

    def _highest_from_here(self, precision: np.ndarray) -> np.ndarray:
        """The highest value from each match to the end of its row."""
        # Values are at most 1. They are raised by 2 for each row before theirs (read backwards), so that none
        # can reach into the next row. It costs a precision of 1e-16 times the number of rows.
        raised = 2.0 * np.cumsum(self._first)[::-1]
        raised = raised[:1] - raised if len(raised) else raised
        return (np.maximum.accumulate(precision[::-1] + raised) - raised)[::-1]
