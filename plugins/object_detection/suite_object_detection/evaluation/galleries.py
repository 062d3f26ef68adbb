"""The worst mistakes of a detector as images: missed boxes and false positives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from suite import UserError
from suite.data import Examples
from suite.evaluation import Pairs
from suite.figures import Figure, Gallery, Image
from suite_images import reading
from suite_images.drawing import draw_boxes
from suite_images.encoding import jpeg
from suite_images.thumbnails import thumbnail_with_scale
from suite_object_detection.evaluation.errors import BACKGROUND, KINDS, NEAR_FROM, FalsePositives, missed
from suite_object_detection.evaluation.matching import overlaps, ranks
from suite_object_detection.evaluation.metrics import Scoring

MAX_ITEMS = 24
MAX_OF_ONE_IMAGE = 3
"""Mistakes of one image in a gallery, so that it does not show one image only."""
MAX_IMAGES = 4
MAX_DRAWN = 300
SIDE, LARGE_SIDE = 200, 640
CONTEXT = 2.0
"""How much wider than the box a cut-out is."""
MIN_CONTEXT = 32.0
"""Pixels that a cut-out is wide at least, so that people see what tiny boxes lie on."""

# Blue, orange and green that people with any color vision can tell apart (Okabe and Ito, 2008).
MISSED_COLOR, FALSE_COLOR, TRUE_COLOR = (0, 114, 178), (213, 94, 0), (0, 158, 115)


def galleries_of(
    scoring: Scoring, pairs: Pairs, examples: Examples, boxes: np.ndarray, false: FalsePositives
) -> Iterator[Figure]:
    """Missed boxes, false positives, and whole images with most of both, at the threshold.

    Args:
        scoring: of the pairs.
        pairs: for the names of the images.
        examples: the images.
        boxes: of the detections in `scoring.outcomes`, float64 (n, 4).
        false: all false positives.
    """
    album = _Album(scoring, pairs, examples, boxes, false)
    if len(album.missed):
        yield album.misses()
    if len(album.kept_false):
        yield album.false_positives()
    yield from album.whole_images()


class _Album:
    """Images with boxes drawn into them."""

    def __init__(
        self, scoring: Scoring, pairs: Pairs, examples: Examples, boxes: np.ndarray, false: FalsePositives
    ) -> None:
        self.arrays, self.outcomes, self.kept = scoring.arrays, scoring.outcomes, scoring.kept
        self.pairs, self.boxes, self.all_false = pairs, boxes, false
        self.missed = missed(scoring.arrays, scoring.outcomes, scoring.kept)
        self.kept_false = np.flatnonzero(scoring.kept[false.detection])  # indices into `all_false`

        @lru_cache(maxsize=2 * MAX_OF_ONE_IMAGE)
        def image_at(index: int) -> np.ndarray | None:
            try:
                return reading.view(examples[index].input)
            except (UserError, OSError):
                return None  # the caption counts it: the scores stand although the image is gone

        self.image_at = image_at

    def misses(self) -> Gallery:
        """The boxes that nothing finds, the largest of each class first."""
        truth = self.arrays.truth
        largest = self.missed[np.argsort(-truth.areas[self.missed], kind="stable")]
        order = largest[np.argsort(ranks(truth.labels[largest]), kind="stable")]
        chosen = _spread(order, truth.image[order])
        items = []
        for box in chosen.tolist():
            near = self._nearest(box)
            shown = [(truth.boxes[box], MISSED_COLOR)]
            if near is not None:
                shown.append((self.boxes[near], FALSE_COLOR))
            text = f"{self.arrays.classes[truth.labels[box]]}\n{self._why_missed(box, near)}"
            items.append(self._cut_out(int(truth.image[box]), shown, text))
        caption = (
            f"Found by nothing: {len(self.missed):,} of {int((~truth.crowd).sum()):,} boxes (blue)."
            f"{_of_these(len(chosen), len(self.missed), 'the largest of each class')} Orange is what was"
            " found nearest, even if it was not sure enough."
        )
        return _gallery("Missed boxes", items, caption)

    def false_positives(self) -> Gallery:
        """Detections without a box of their class, those with the highest scores first."""
        detections = self.all_false.detection[self.kept_false]
        order = np.argsort(-self.outcomes.scores[detections], kind="stable")
        chosen = _spread(self.kept_false[order], self.outcomes.image[detections[order]])
        items = []
        for index in chosen.tolist():
            detection, about = int(self.all_false.detection[index]), int(self.all_false.truth[index])
            shown = [(self.boxes[detection], FALSE_COLOR)]
            if about >= 0:
                shown.append((self.arrays.truth.boxes[about], MISSED_COLOR))
            text = f"{self._detected(detection)}\n{self._what_is_wrong(index)}"
            items.append(self._cut_out(int(self.outcomes.image[detection]), shown, text))
        caption = (
            f"Wrong: {len(self.kept_false):,} of {int(self.kept.sum()):,} detections (orange)."
            f"{_of_these(len(chosen), len(self.kept_false), 'those with the highest scores')}"
            " Blue is the box that they are about."
        )
        return _gallery("False positives", items, caption)

    def whole_images(self) -> Iterator[Image]:
        """The images with most errors, and what is right in them."""
        size = self.arrays.images
        lost = np.bincount(self.arrays.truth.image[self.missed], minlength=size)
        wrong = np.bincount(self.outcomes.image[self.all_false.detection[self.kept_false]], minlength=size)
        order = np.argsort(-(lost + wrong), kind="stable")[:MAX_IMAGES]
        for index in order[(lost + wrong)[order] > 0].tolist():
            image = self.image_at(index)
            if image is None:
                continue
            here = self.kept & (self.outcomes.image == index)
            right, false = (
                np.flatnonzero(here & self.outcomes.true_positive),
                np.flatnonzero(here & self.outcomes.false_positive),
            )
            open_boxes = self.missed[self.arrays.truth.image[self.missed] == index]
            shown = [(self.boxes[index], "", TRUE_COLOR) for index in right.tolist()]
            shown += [(self.boxes[index], self._detected(index), FALSE_COLOR) for index in false.tolist()]
            names = self.arrays.classes
            shown += [
                (self.arrays.truth.boxes[index], names[self.arrays.truth.labels[index]], MISSED_COLOR)
                for index in open_boxes.tolist()
            ]
            small, scale = thumbnail_with_scale(image, LARGE_SIDE)
            shown = shown[-MAX_DRAWN:]
            drawn = draw_boxes(
                small,
                np.array([box for box, _, _ in shown]) * scale,
                [text for _, text, _ in shown],
                [color for _, _, color in shown],
            )
            yield Image(
                title=self.pairs.ids[index],
                content=jpeg(drawn),
                caption=(
                    f"One of the images with most errors. Missed (blue): {len(open_boxes):,}. False positives"
                    f" (orange): {len(false):,}. Right (green): {len(right):,}."
                ),
            )

    def _cut_out(
        self, index: int, shown: list[tuple[np.ndarray, tuple[int, int, int]]], text: str
    ) -> tuple[bytes, str] | None:
        """A cut-out of an image with boxes, and the words that belong to it."""
        image = self.image_at(index)
        if image is None:
            return None
        boxes = np.stack([box for box, _ in shown])
        left, top, right, bottom = _around(boxes, image.shape[:2])
        small, scale = thumbnail_with_scale(image[top:bottom, left:right], SIDE)
        drawn = draw_boxes(
            small,
            (boxes - [left, top, left, top]) * scale,
            [""] * len(shown),
            [color for _, color in shown],
            thickness=2,
        )
        return jpeg(drawn), f"{text}\n{self.pairs.ids[index]}"

    def _nearest(self, box: int) -> int | None:
        """What overlaps a missed box most: a false positive, else what is not kept of its class."""
        truth, outcomes = self.arrays.truth, self.outcomes
        here = np.flatnonzero(outcomes.image == truth.image[box])
        common = overlaps(truth.boxes[box : box + 1], self.boxes[here])[0]
        false = self.kept[here] & outcomes.false_positive[here]
        unsure = ~self.kept[here] & (outcomes.labels[here] == truth.labels[box])
        for chosen in (false, unsure):
            near = np.where(chosen, common, 0.0)
            if len(near) and near.max() >= NEAR_FROM:
                return int(here[near.argmax()])
        return None

    def _why_missed(self, box: int, near: int | None) -> str:
        if near is None:
            return "nothing is near"
        overlap = overlaps(self.arrays.truth.boxes[box : box + 1], self.boxes[near : near + 1])[0, 0]
        why = "" if self.kept[near] else "not sure enough: "
        return f"{why}{self._detected(near)} overlaps by {overlap:.2f}"

    def _what_is_wrong(self, index: int) -> str:
        kind, about = int(self.all_false.kind[index]), int(self.all_false.truth[index])
        if kind == BACKGROUND:
            return "nothing is there"
        name = self.arrays.classes[self.arrays.truth.labels[about]]
        return f"{KINDS[kind]}: {name} overlaps by {self.all_false.overlap[index]:.2f}"

    def _detected(self, detection: int) -> str:
        return f"{self.arrays.classes[self.outcomes.labels[detection]]} {self.outcomes.scores[detection]:.2f}"


def _spread(ordered: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The first items, but not many of one image; `image` has the number of each one's image."""
    seen: Counter[int] = Counter()
    chosen = []
    for item, number in zip(ordered.tolist(), image.tolist(), strict=True):
        if seen[number] < MAX_OF_ONE_IMAGE:
            seen[number] += 1
            chosen.append(item)
        if len(chosen) == MAX_ITEMS:
            break
    return np.array(chosen, np.intp)


def _around(boxes: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A square with all boxes and some context, cut at the edges of the image."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    half = max(CONTEXT * float((high - low).max()), MIN_CONTEXT) / 2
    limit = np.array([size[1], size[0]])
    start = np.clip(np.floor((low + high) / 2 - half), 0, limit - 1)
    stop = np.clip(np.ceil((low + high) / 2 + half), start + 1, limit)
    return int(start[0]), int(start[1]), int(stop[0]), int(stop[1])


def _of_these(shown: int, total: int, which: str) -> str:
    return f" Shown are {which}, at most {MAX_OF_ONE_IMAGE} of an image." if shown < total else ""


def _gallery(title: str, items: Sequence[tuple[bytes, str] | None], caption: str) -> Gallery:
    shown = [item for item in items if item is not None]
    unread = len(items) - len(shown)
    if unread:
        caption += f" {unread} could not be read and are left out."
    return Gallery(title=title, items=shown, caption=caption)
