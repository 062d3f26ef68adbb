"""What data must satisfy to be learned from, whichever loader gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import shown
from suite_object_detection.examples import AnnotatedImages
from suite_object_detection.types import Facts

_ROUNDING = 1e-3
"""Pixels by which a box may reach out of its image."""


def facts(dataset: Dataset) -> Facts:
    """The facts of data that comes without: the classes are those of all boxes, in alphabetical order."""
    names: set[str] = set()
    for examples in dataset.splits.values():
        for index in range(len(examples)):
            target = examples[index].target
            labels = target.get("labels") if isinstance(target, Mapping) else None
            if isinstance(labels, list | tuple):
                names.update(label for label in labels if isinstance(label, str))
    return Facts(classes=sorted(names))


def check(dataset: Dataset) -> None:
    """Refuse data that does not satisfy object detection.

    Raises:
        UserError: if the facts are not those of `suite_object_detection.types.Facts`, or a target is not a
            `suite_object_detection.types.Target` of these classes; the message has the example.
    """
    classes = _checked_classes(dataset.facts)
    known = frozenset(classes)
    for split, examples in dataset.splits.items():
        if isinstance(examples, AnnotatedImages) and list(examples.classes) == classes:
            continue  # `Annotations` has checked all of it
        for index in range(len(examples)):
            example = examples[index]
            defect = _defect(example.target, known)
            if defect:
                raise UserError(f"the target of '{example.id}' ({split} split) {defect}")


def _checked_classes(facts: Mapping[str, Any]) -> list[str]:
    classes, numbers = facts.get("classes"), facts.get("category_ids")
    if not isinstance(classes, list | tuple) or not all(isinstance(name, str) for name in classes):
        raise UserError(f"the data's fact 'classes' is {shown(classes)}: it must be a list of class names")
    if not classes:
        raise UserError("the data's fact 'classes' is empty: there is nothing to learn")
    if len(set(classes)) < len(classes):
        raise UserError("the data's fact 'classes' has a name twice: each class must be there once")
    if numbers is not None and (not isinstance(numbers, list | tuple) or len(numbers) != len(classes)):
        raise UserError(
            f"the data's fact 'category_ids' is {shown(numbers)}: it must be a list with a number for each of"
            f" the {len(classes)} classes"
        )
    return list(classes)


def _defect(target: Any, known: frozenset[str]) -> str:
    """What a target lacks of `Target`; empty if it is right."""
    if not isinstance(target, Mapping):
        return f"is {shown(target)}: it must have size, boxes and labels"
    size, boxes, labels = target.get("size"), target.get("boxes"), target.get("labels")
    if (
        not isinstance(size, list | tuple)
        or len(size) != 2
        or not all(isinstance(side, int) for side in size)
    ):
        return f"has the size {shown(size)}: it must be [height, width] in pixels"
    if not isinstance(boxes, list | tuple) or not isinstance(labels, list | tuple):
        return f"has the boxes {shown(boxes)} and the labels {shown(labels)}: both must be lists"
    for name in ("labels", "crowd", "areas"):
        values = target.get(name)
        if values is not None and len(values) != len(boxes):
            return f"has {len(boxes):,} boxes but {len(values):,} {name}: it must have one for each box"
    if unknown := [label for label in labels if label not in known]:
        return f"has the label {shown(unknown[0])}, which is none of the classes"
    try:
        corners = np.array(boxes, np.float64).reshape(-1, 4)
    except (TypeError, ValueError):
        corners = np.full((1, 4), np.nan)
    if len(corners) != len(boxes) or not np.isfinite(corners).all():
        return "has a box that is not of four finite numbers: x1, y1, x2, y2 in pixels"
    low, high = corners[:, :2], corners[:, 2:]
    limits = np.array([size[1], size[0]]) + _ROUNDING
    wrong = (high <= low).any(axis=1) | (low < -_ROUNDING).any(axis=1) | (high > limits).any(axis=1)
    if wrong.any():
        box = corners[int(np.argmax(wrong))].tolist()
        return (
            f"has the box {box}: it must be x1, y1, x2, y2 in pixels, inside of the image of {size[1]} x"
            f" {size[0]}, with x2 right of x1 and y2 below y1"
        )
    return ""
