"""Which detection is which annotated box, as COCO has it: the matching of faster-coco-eval.

Detections of an image and a class are taken by falling score, and each gets the free box that it overlaps
most, if by at least the threshold (Lin et al. 2014, Microsoft COCO, arXiv:1405.0312; the rules in detail are
those of pycocotools' `COCOeval`, to which results are tested equal).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.kit import needing
from suite_object_detection.evaluation.arrays import BoxArrays
from suite_object_detection.extras import TRAIN

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
AREAS = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Ranges of square pixels, both ends included, as pycocotools has them."""
MAX_PER_CLASS = 100
"""Detections of one class in one image that count: those with the highest scores."""


@dataclass(frozen=True, kw_only=True)
class Matching:
    """All matches, at every range of areas and every threshold of overlap.

    The first four have an item per detection that counts, the others an item per match.

    Attributes:
        detections: indices into `BoxArrays.detected`, ascending: all but those beyond the 100 highest scores
            of a class in an image.
        ranks: how many detections of its class and image have a higher score, intp.
        areas: square pixels of the detection's box, float64.
        area: of the match, index into `AREAS`.
        threshold: index into `IOU_THRESHOLDS`.
        detection: index into `detections`.
        truth: index into `BoxArrays.truth`.
        ignored: whether what it matches is to be ignored (a crowd, or of another range of areas), so that
            the detection is neither a true nor a false positive. Any other box has one match at most.
    """

    detections: np.ndarray
    ranks: np.ndarray
    areas: np.ndarray
    area: np.ndarray
    threshold: np.ndarray
    detection: np.ndarray
    truth: np.ndarray
    ignored: np.ndarray


def match(arrays: BoxArrays) -> Matching:
    """Match all detections of all images to annotated boxes of their class."""
    truth, detected = arrays.truth, arrays.detected
    classes = max(len(arrays.classes), 1)
    group = detected.image * classes + detected.labels
    rank_of = ranks(group)
    detections = np.flatnonzero(rank_of < MAX_PER_CLASS)
    rank_of, group = rank_of[detections], group[detections]
    boxes = detected.boxes[detections]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    # There are matches only in groups, of one image and one class, that have both detections and boxes. The
    # library gets each such group as an image of its own with one class: so its work does not grow with the
    # number of classes times the number of images.
    true_group = truth.image * classes + truth.labels
    groups = np.intersect1d(group, true_group)
    true_boxes = np.flatnonzero(np.isin(true_group, groups))
    candidates = np.flatnonzero(np.isin(group, groups))
    candidates = candidates[np.argsort(group[candidates], kind="stable")]
    states = _library_states(
        len(groups),
        _annotations(
            true_boxes,
            np.searchsorted(groups, true_group[true_boxes]),
            truth.boxes[true_boxes],
            truth.areas[true_boxes],
            truth.crowd[true_boxes],
        ),
        _annotations(
            candidates,
            np.searchsorted(groups, group[candidates]),
            boxes[candidates],
            areas[candidates],
            np.zeros(len(candidates), bool),
            scores=detected.scores[detections][candidates],
        ),
    )
    # The library sorts like us (by score, stably), so its n-th detection of a group is ours.
    starts = np.searchsorted(group[candidates], groups)
    matches = [_matches(state, len(groups), number) for number, state in enumerate(states)]
    columns = [np.concatenate(column) for column in zip(*matches, strict=True)] if matches else []
    area, threshold, at_group, rank, true, ignored = columns or [np.zeros(0, np.intp)] * 6
    return Matching(
        detections=detections,
        ranks=rank_of,
        areas=areas,
        area=area,
        threshold=threshold,
        detection=candidates[starts[at_group] + rank] if len(rank) else rank,
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
    ranks = np.empty(len(values), np.intp)
    ranks[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered)
    return ranks


def _annotations(
    numbers: np.ndarray,
    group: np.ndarray,
    boxes: np.ndarray,
    areas: np.ndarray,
    crowd: np.ndarray,
    scores: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Boxes as COCO has them. Ids begin with 1: the library takes 0 for no match."""
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    columns = (numbers + 1, group, sizes, areas, crowd.astype(int))
    rows: list[dict[str, Any]] = [
        {"id": number, "image_id": image, "category_id": 1, "bbox": box, "area": area, "iscrowd": is_crowd}
        for number, image, box, area, is_crowd in zip(*(column.tolist() for column in columns), strict=True)
    ]
    if scores is not None:
        for row, score in zip(rows, scores.tolist(), strict=True):
            row["score"] = score
    return rows


def _library_states(
    groups: int, true_boxes: list[dict[str, Any]], candidates: list[dict[str, Any]]
) -> Iterator[Any]:
    """What the library keeps of each range of areas and each group (the areas outermost)."""
    if not groups:
        return
    with needing(TRAIN):
        from faster_coco_eval import COCO, COCOeval_faster

    def silent(*_: object) -> None:
        pass

    sides = []
    for boxes in (true_boxes, candidates):
        side = COCO(print_function=silent)
        side.dataset = {
            "images": [{"id": number} for number in range(groups)],
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
    evaluation.params.maxDets = [MAX_PER_CLASS]
    evaluation.evaluate()
    # One at a time: they are long lists of numbers.
    for matches in evaluation._evalImgs_cpp:
        yield matches.__getstate__()


def _matches(state: Any, groups: int, number: int) -> tuple[np.ndarray, ...]:
    """Area, threshold, group, rank, truth and whether it is ignored, of the matches of one area and group.

    The library's state begins with the ids that each detection matches, overlap by overlap (0 for none), and
    its fifth item says whether each detection is ignored.
    """
    ids = np.array(state[0], np.int64).reshape(len(IOU_THRESHOLDS), -1)
    ignored = np.array(state[4], bool).reshape(ids.shape)
    threshold, rank = np.nonzero(ids)
    area, group = divmod(number, groups)
    return (
        np.full(len(rank), area),
        threshold,
        np.full(len(rank), group),
        rank,
        ids[threshold, rank] - 1,
        ignored[threshold, rank],
    )
