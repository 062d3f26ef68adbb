"""Targets and predictions as arrays, checked: what scores and figures are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from suite import UserError
from suite.evaluation import Pairs
from suite.kit import reason
from suite_classification.labels import refuse_unknown
from suite_object_detection.types import Detections, Target

MAX_COORDINATE = 1e9
"""Pixels: no image is that large, and what is drawn of a box stays within the numbers of a machine."""


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """The annotated boxes of all images, image by image.

    Attributes:
        image: the number of each box's image, intp (n,), ascending.
        boxes: x1, y1, x2, y2, float64 (n, 4).
        labels: the number of each box's class, intp (n,).
        crowd: whether it surrounds a group, or is to be ignored, bool (n,).
        areas: square pixels by which it is small or large, float64 (n,).
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    areas: np.ndarray

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, kw_only=True)
class DetectedBoxes:
    """The detections of all images, image by image, in each by falling score.

    Attributes:
        image: the number of each box's image, intp (n,), ascending.
        boxes: x1, y1, x2, y2, float64 (n, 4).
        labels: the number of each box's class, intp (n,).
        scores: float64 (n,); equal ones of an image are in the order of the prediction.
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.image)

    def at(self, chosen: np.ndarray) -> DetectedBoxes:
        """Those at `chosen`: ascending indices or a mask."""
        return DetectedBoxes(
            image=self.image[chosen],
            boxes=self.boxes[chosen],
            labels=self.labels[chosen],
            scores=self.scores[chosen],
        )


@dataclass(frozen=True, kw_only=True)
class BoxArrays:
    """Pairs as arrays.

    Attributes:
        classes: the names of the classes; `labels` are indices into them.
        images: how many images there are, also those with no box.
        truth: the ground truth: what is to be found.
        detected: what was found.
    """

    classes: tuple[str, ...]
    images: int
    truth: GroundTruth
    detected: DetectedBoxes


def arrays_of(pairs: Pairs) -> BoxArrays:
    """The arrays of `pairs`, whose targets are `Target` and whose predictions are `Detections`.

    The classes are those of `pairs.facts`, else all that targets and predictions name, in alphabetical
    order.

    Raises:
        UserError: if a target or a prediction names an unknown class, has not the same number of boxes
            and labels (or scores), or has boxes or scores that are none. A class that is misspelt is
            refused, because each box of it would count as a false positive and as missed.
    """
    targets = [_checked(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)]
    predictions: Sequence[Detections] = pairs.predictions
    true_labels = [target["labels"] for target in targets]
    detected_labels = [prediction.labels for prediction in predictions]
    classes = tuple(pairs.facts.get("classes") or sorted({*chain(*true_labels), *chain(*detected_labels)}))
    index = {name: number for number, name in enumerate(classes)}
    return BoxArrays(
        classes=classes,
        images=len(pairs),
        truth=_truth(targets, true_labels, index, pairs.ids),
        detected=_detected(predictions, detected_labels, index, pairs.ids),
    )


def _checked(target: Any, name: str) -> Target:
    """A target that may be from anybody's file of predictions, with the types that it should have."""
    try:
        checked = msgspec.convert(target, Target)
    except msgspec.ValidationError as error:
        why = reason(error).replace("`$", "`target").replace("`", "'")
        raise UserError(f"the target of '{name}': {why}") from None
    count = len(checked["boxes"])
    if (
        len(checked.get("crowd", checked["boxes"])) != count
        or len(checked.get("areas", checked["boxes"])) != count
    ):
        raise UserError(
            f"the target of '{name}' must have one value of crowd and areas for each of {count} boxes"
        )
    return checked


def _truth(
    targets: Sequence[Target], labels: Sequence[Sequence[str]], index: dict[str, int], ids: Sequence[str]
) -> GroundTruth:
    counts = _counts("target", "labels", labels, [target["boxes"] for target in targets], ids)
    image = np.repeat(np.arange(len(targets)), counts)
    boxes = _boxes("target", [target["boxes"] for target in targets], image, ids)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    crowd = np.zeros(len(boxes), bool)
    stops = np.cumsum(counts)
    for number, target in enumerate(targets):
        own = slice(stops[number] - counts[number], stops[number])
        if "crowd" in target:
            crowd[own] = target["crowd"]
        if "areas" in target:
            areas[own] = target["areas"]
    return GroundTruth(
        image=image,
        boxes=boxes,
        labels=_encoded(labels, index, "the data has labels that the model does not know"),
        crowd=crowd,
        areas=areas,
    )


def _detected(
    predictions: Sequence[Detections],
    labels: Sequence[Sequence[str]],
    index: dict[str, int],
    ids: Sequence[str],
) -> DetectedBoxes:
    counts = _counts("prediction", "labels", labels, [prediction.boxes for prediction in predictions], ids)
    _counts("prediction", "scores", [prediction.scores for prediction in predictions], labels, ids)
    image = np.repeat(np.arange(len(predictions)), counts)
    boxes = _boxes("prediction", [prediction.boxes for prediction in predictions], image, ids)
    scores = np.fromiter(
        chain.from_iterable(prediction.scores for prediction in predictions), np.float64, len(boxes)
    )
    wrong = np.flatnonzero(~((scores >= 0) & (scores <= 1 + 1e-6)))
    if len(wrong):
        raise UserError(
            f"the prediction for '{ids[image[wrong[0]]]}' has the score {scores[wrong[0]]:g}: scores say"
            " how sure a box is, from 0 to 1"
        )
    encoded = _encoded(labels, index, "the predictions name labels that are none of the classes")
    detected = DetectedBoxes(image=image, boxes=boxes, labels=encoded, scores=scores)
    sorted_already = (np.diff(scores) <= 0) | (np.diff(image) > 0)
    return detected if sorted_already.all() else detected.at(np.lexsort((-scores, image)))


def _counts(
    what: str, name: str, values: Sequence[Sequence[object]], boxes: Sequence[Sequence[object]],
    ids: Sequence[str],
) -> np.ndarray:  # fmt: skip
    counts = np.fromiter(map(len, boxes), np.intp, len(boxes))
    lengths = np.fromiter(map(len, values), np.intp, len(values))
    wrong = np.flatnonzero(counts != lengths)
    if len(wrong):
        first = int(wrong[0])
        raise UserError(
            f"the {what} of '{ids[first]}' has {counts[first]:,} boxes but {lengths[first]:,} {name}: it must"
            " have one for each box"
        )
    return counts


def _boxes(
    what: str, boxes: Sequence[Sequence[Sequence[float]]], image: np.ndarray, ids: Sequence[str]
) -> np.ndarray:
    lengths = np.fromiter(map(len, chain.from_iterable(boxes)), np.intp, len(image))
    odd = np.flatnonzero(lengths != 4)
    if len(odd):
        raise UserError(
            f"the {what} of '{ids[image[odd[0]]]}' has a box of {lengths[odd[0]]} numbers: it must have"
            " four, x1, y1, x2, y2 in pixels"
        )
    flat = chain.from_iterable(chain.from_iterable(boxes))
    array = np.fromiter(flat, np.float64, 4 * len(image)).reshape(-1, 4)
    # Written so that NaN is wrong as well.
    right = (array[:, 2:] >= array[:, :2]).all(axis=1) & (np.abs(array) <= MAX_COORDINATE).all(axis=1)
    if not right.all():
        first = int(np.argmin(right))
        raise UserError(
            f"the {what} of '{ids[image[first]]}' has the box {array[first].tolist()}: a box is x1, y1, x2,"
            " y2 in pixels, with x2 right of x1 and y2 below y1 (not x, y, width, height)"
        )
    return array


def _encoded(labels: Sequence[Sequence[str]], index: dict[str, int], what: str) -> np.ndarray:
    try:
        return np.array([index[name] for name in chain.from_iterable(labels)], np.intp)
    except KeyError:
        refuse_unknown(chain.from_iterable(labels), index, what)
        raise
