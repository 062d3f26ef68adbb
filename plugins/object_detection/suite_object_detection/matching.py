"""Which detection is which annotated box, as COCO has it: the matching of faster-coco-eval.

Detections of an image and a class are taken from the surest on, and each gets the free box that it overlaps
most, if by at least the threshold (Lin et al. 2014, Microsoft COCO, arXiv:1405.0312; the rules in detail are
those of pycocotools' `COCOeval`, to which results are tested equal).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite_object_detection.answers import Answers

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
AREAS = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Ranges of square pixels, both ends included, as pycocotools has them."""
MOST_PER_CLASS = 100
"""Detections of one class in one image that count: the surest."""


@dataclass(frozen=True, kw_only=True)
class Matching:
    """All matches, at every range of areas and every threshold of overlap.

    The first four have an item per detection that counts, the others an item per match.

    Attributes:
        detections: indices into `Answers.found`, ascending: all but those beyond the 100 surest of a class
            in an image.
        ranks: how many surer ones of its class its image has, intp.
        areas: square pixels of the detection's box, float64.
        area: of the match, index into `AREAS`.
        threshold: index into `IOU_THRESHOLDS`.
        detection: index into `detections`.
        truth: index into `Answers.truth`.
        ignored: whether what it matches is not asked for (a crowd, or of another range of areas), so that
            the detection counts neither as right nor as wrong. A box that is asked for has one match at most.
    """

    detections: np.ndarray
    ranks: np.ndarray
    areas: np.ndarray
    area: np.ndarray
    threshold: np.ndarray
    detection: np.ndarray
    truth: np.ndarray
    ignored: np.ndarray


def match(answers: Answers) -> Matching:
    """Match all detections of all images to annotated boxes of their class."""
    truth, found = answers.truth, answers.found
    classes = max(len(answers.classes), 1)
    place = found.image * classes + found.labels
    rank_of = ranks(place)
    detections = np.flatnonzero(rank_of < MOST_PER_CLASS)
    rank_of, place = rank_of[detections], place[detections]
    boxes = found.boxes[detections]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    # Matches can only be where an image has both detections and boxes of a class. Each such place is given
    # to the library as an image of its own with one class: so its work does not grow with the number of
    # classes times the number of images.
    true_place = truth.image * classes + truth.labels
    places = np.intersect1d(place, true_place)
    asked, given = np.flatnonzero(np.isin(true_place, places)), np.flatnonzero(np.isin(place, places))
    given = given[np.argsort(place[given], kind="stable")]
    states = _library_states(
        len(places),
        _annotations(
            asked,
            np.searchsorted(places, true_place[asked]),
            truth.boxes[asked],
            truth.areas[asked],
            truth.crowd[asked],
        ),
        _annotations(
            given,
            np.searchsorted(places, place[given]),
            boxes[given],
            areas[given],
            np.zeros(len(given), bool),
            scores=found.scores[detections][given],
        ),
    )
    # The library sorts like us (by score, equal ones as given), so its n-th detection of a place is ours.
    starts = np.searchsorted(place[given], places)
    found_matches = [_matches(state, len(places), number) for number, state in enumerate(states)]
    columns = [np.concatenate(column) for column in zip(*found_matches, strict=True)] if found_matches else []
    area, threshold, at_place, rank, true, ignored = columns or [np.zeros(0, np.intp)] * 6
    return Matching(
        detections=detections,
        ranks=rank_of,
        areas=areas,
        area=area,
        threshold=threshold,
        detection=given[starts[at_place] + rank] if len(rank) else rank,
        truth=true,
        ignored=ignored.astype(bool),
    )


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The intersection over union of each of `boxes` (n, 4) with each of `others` (m, 4): float64 (n, m)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None] + (others[:, 2:] - others[:, :2]).prod(axis=1)
    union = areas - common
    shares: np.ndarray = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return shares


def ranks(values: np.ndarray) -> np.ndarray:
    """How many equal values come before each of `values`: intp (n,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    found = np.empty(len(values), np.intp)
    found[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered)
    return found


def _annotations(
    numbers: np.ndarray,
    place: np.ndarray,
    boxes: np.ndarray,
    areas: np.ndarray,
    crowd: np.ndarray,
    scores: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Boxes as COCO has them. Ids begin with one: the library takes 0 for no match."""
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    columns = (numbers + 1, place, sizes, areas, crowd.astype(int))
    rows: list[dict[str, Any]] = [
        {"id": number, "image_id": where, "category_id": 1, "bbox": box, "area": area, "iscrowd": group}
        for number, where, box, area, group in zip(*(one.tolist() for one in columns), strict=True)
    ]
    if scores is not None:
        for row, score in zip(rows, scores.tolist(), strict=True):
            row["score"] = score
    return rows


def _library_states(places: int, asked: list[dict[str, Any]], given: list[dict[str, Any]]) -> Iterator[Any]:
    """What the library keeps of each range of areas and each place (the areas outermost)."""
    if not places:
        return
    from faster_coco_eval import COCO, COCOeval_faster

    def silent(*_: object) -> None:
        pass

    sides = []
    for boxes in (asked, given):
        side = COCO(print_function=silent)
        side.dataset = {
            "images": [{"id": number} for number in range(places)],
            "categories": [{"id": 1, "name": "object"}],
            "annotations": boxes,
        }
        side.createIndex()
        sides.append(side)
    ranges = {name: list(limits) for name, limits in AREAS.items() if name != "all"}
    evaluation = COCOeval_faster(
        *sides, iouType="bbox", ranges=ranges, print_function=silent, separate_eval=True
    )
    evaluation.params.iouThrs = IOU_THRESHOLDS
    evaluation.params.maxDets = [MOST_PER_CLASS]
    evaluation.evaluate()
    # One at a time: they are long lists of numbers.
    for one in evaluation._evalImgs_cpp:
        yield one.__getstate__()


def _matches(state: Any, places: int, number: int) -> tuple[np.ndarray, ...]:
    """Area, threshold, place, rank, truth and whether it is ignored, of the matches of one area and place.

    The library's state begins with the ids that each detection matches, overlap by overlap (0 for none), and
    has whether each detection is ignored in the fifth place.
    """
    ids = np.array(state[0], np.int64).reshape(len(IOU_THRESHOLDS), -1)
    ignored = np.array(state[4], bool).reshape(ids.shape)
    threshold, rank = np.nonzero(ids)
    area, place = divmod(number, places)
    return (
        np.full(len(rank), area),
        threshold,
        np.full(len(rank), place),
        rank,
        ids[threshold, rank] - 1,
        ignored[threshold, rank],
    )
