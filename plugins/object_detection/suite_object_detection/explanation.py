"""Which regions of images pushed detections: each is blurred in turn, and the model detects again.

What a detection is worth in another view of its image is D-RISE's similarity (Petsiuk et al. 2021,
arXiv:2006.03204, section 3.2): overlap times score, of the detection of its class for which this is largest.
D-RISE hides thousands of random patterns; here a coarse grid lies over the image, which shows what counts of
the surroundings, and a fine one around the box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from suite import UserError
from suite.evaluation import Pairs
from suite.figures import Gallery
from suite_classification.explaining import as_weights, targets_known
from suite_images import reading
from suite_images.conversion import as_rgb
from suite_images.drawing import draw_boxes
from suite_images.encoding import jpeg
from suite_images.heat import shaded
from suite_images.occlusion import Grid, heat_of, views
from suite_images.resizing import shrunk
from suite_images.thumbnails import thumbnail_with_scale
from suite_object_detection.evaluation.matching import overlaps
from suite_object_detection.evaluation.metrics import Scoring
from suite_object_detection.types import Box, Detections

MAX_WRONG, MAX_RIGHT = 3, 3
"""Detections of a report: the surest of what is wrong, and of what is right."""

MAX_IMAGES = 12
"""Images without known targets whose surest detection is explained."""

COARSE, FINE = 5, 4
"""The rows, and columns, of regions over the image, and around the box."""

AROUND = 2.0
"""How much wider and higher than the box the window of fine regions is."""

MAX_SIDE = 1024
"""Larger images are shrunk, or cut to a window around the box if it is not found in the small one."""

MIN_FOUND = 0.5
"""The share of its worth that a detection must keep in the small image, or in the window."""

THUMBNAIL = 240
COLOR = (230, 159, 0)

Predict = Callable[[Iterable[np.ndarray]], Sequence[Detections]]


@dataclass(frozen=True)
class Found:
    """A detection.

    Attributes:
        index: of its pair.
        box: x1, y1, x2, y2 in pixels of its image.
        label: its class.
        score: how sure it is.
        verdict: whether it is right, in words; "" if nobody knows.
    """

    index: int
    box: Box
    label: str
    score: float
    verdict: str = ""


def explain(pairs: Pairs, predict: Predict) -> list[Gallery]:
    """Images with a detection beside heat maps of what pushed it.

    The weight of a region is by how much the worth of the detection falls when it is blurred, as a share of
    the largest change in its image: above zero if the region pushed towards the detection, below if it
    pushed away.

    Args:
        pairs: targets and predictions, with their examples.
        predict: detects in images, in their order.

    Returns:
        One figure; none if the images are not at hand, or nothing is detected.
    """
    if pairs.examples is None:
        return []
    known = targets_known(pairs)
    bits, channels = pairs.facts.get("bits", 16), pairs.facts.get("channels", 3)
    items: list[tuple[bytes, str]] = []
    for found in _chosen(pairs) if known else _surest_of_each(pairs):
        try:
            image = reading.read(pairs.examples[found.index].input, bits=bits, channels=channels)
        except (UserError, OSError):
            continue  # the scores stand although the image is gone
        for view, box in _candidates(image, found.box):
            heat = heat_map(view, box, found, predict)
            if heat is not None:
                items.append((_drawn(view, box, heat), _caption(found, pairs.ids[found.index])))
                break
    if not items:
        return []
    which = "the surest detection of each image"
    if known:
        which = "the surest of what is wrong, then of what is right"
    return [
        Gallery(
            title="Regions that pushed detections",
            items=items,
            large=True,
            caption=(
                f"These are {which}. Each region was blurred in turn. Blue: the detection became less sure,"
                " or its box moved away, so the region counted for it; orange: against it. The strongest"
                " shade is the largest change in its image. If the object itself does not count, the model"
                " has learned something else."
            ),
        )
    ]


def heat_map(image: np.ndarray, box: Box, found: Found, predict: Predict) -> np.ndarray | None:
    """How regions of an image pushed a detection.

    Args:
        image: uint8 (height, width, channels).
        box: of the detection in it.
        found: the detection, whose class and score count.
        predict: detects in images.

    Returns:
        float64 (height, width) of weights from -1 to 1, all zero if no region changes anything; None if the
        detection is not found in this image.
    """
    before = worth(predict([image])[0], box, found.label)
    if before < MIN_FOUND * found.score:
        return None
    grids = [Grid(COARSE), Grid(FINE, _window(box, image.shape, AROUND))]
    blurred = islice(views(image, grids), 1, None)  # the first view is the image itself
    worths = np.array([worth(detections, box, found.label) for detections in predict(blurred)])
    return as_weights(heat_of(before - worths, grids, image.shape))


def worth(detections: Detections, box: Box, label: str) -> float:
    """How much is left of a detection: overlap times score, of the one of its class where it is largest."""
    same = [index for index, own in enumerate(detections.labels) if own == label]
    if not same:
        return 0.0
    boxes = np.array([detections.boxes[index] for index in same], np.float64)
    scores = np.array([detections.scores[index] for index in same], np.float64)
    return float((overlaps(np.array([box], np.float64), boxes)[0] * scores).max())


def _chosen(pairs: Pairs) -> list[Found]:
    """The surest detections that are wrong, then the surest that are right; each of another image."""
    scoring = Scoring(pairs)
    outcomes = scoring.outcomes
    boxes = scoring.arrays.detected.boxes[scoring.matching.detections]
    order = np.argsort(-outcomes.scores, kind="stable")
    chosen: list[Found] = []
    for which, verdict, limit in (
        (outcomes.false_positive, "wrong", MAX_WRONG),
        (outcomes.true_positive, "right", MAX_RIGHT),
    ):
        seen: set[int] = set()
        for detection in order[(which & scoring.kept)[order]].tolist():
            index = int(outcomes.image[detection])
            if index in seen:
                continue
            seen.add(index)
            label = scoring.arrays.classes[outcomes.labels[detection]]
            x1, y1, x2, y2 = boxes[detection].tolist()
            chosen.append(Found(index, (x1, y1, x2, y2), label, float(outcomes.scores[detection]), verdict))
            if len(seen) == limit:
                break
    return chosen


def _surest_of_each(pairs: Pairs) -> Iterator[Found]:
    """The surest detection of each of the first images."""
    predictions: Sequence[Detections] = pairs.predictions
    for index, detections in enumerate(predictions[:MAX_IMAGES]):
        if len(detections):
            yield Found(index, detections.boxes[0], detections.labels[0], detections.scores[0])


def _candidates(image: np.ndarray, box: Box) -> Iterator[tuple[np.ndarray, Box]]:
    """Images of at most about `MAX_SIDE` pixels in which the detection may be found, and where.

    A network that sees whole images finds it in the small one, a network that sees tiles in the window.
    """
    height, width = image.shape[:2]
    small = shrunk(image, MAX_SIDE)
    if small is image:
        yield image, box
        return
    across, down = small.shape[1] / width, small.shape[0] / height
    yield small, (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    left, top, right, bottom = _window(box, image.shape, AROUND, at_least=MAX_SIDE)
    yield image[top:bottom, left:right], (box[0] - left, box[1] - top, box[2] - left, box[3] - top)


def _window(box: Box, shape: Sequence[int], times: float, at_least: float = 8.0) -> tuple[int, int, int, int]:
    """A window around a box, cut at the edges of the image; at least a pixel wide and high."""
    half_width = max(times * (box[2] - box[0]), at_least) / 2
    half_height = max(times * (box[3] - box[1]), at_least) / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    left = int(np.clip(np.floor(x - half_width), 0, shape[1] - 1))
    top = int(np.clip(np.floor(y - half_height), 0, shape[0] - 1))
    right = int(np.clip(np.ceil(x + half_width), left + 1, shape[1]))
    bottom = int(np.clip(np.ceil(y + half_height), top + 1, shape[0]))
    return left, top, right, bottom


def _drawn(image: np.ndarray, box: Box, heat: np.ndarray) -> bytes:
    """The image and its heat map side by side, with the box in both."""
    shown, scale = thumbnail_with_scale(as_rgb(image), THUMBNAIL)
    both = [
        draw_boxes(side, np.array([box]) * scale, [""], [COLOR], thickness=2)
        for side in (shown, shaded(shown, heat))
    ]
    return jpeg(np.concatenate(both, axis=1))


def _caption(found: Found, name: str) -> str:
    verdict = f", {found.verdict}" if found.verdict else ""
    return f"{found.label} {found.score:.2f}{verdict}\n{name}"
