"""What a data set of boxes holds: classes, sizes of boxes and images, and what is broken or odd.

What is wrong with boxes themselves the loaders find, since it decides what is loaded: their sentences are
among `Dataset.problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from suite.data import Dataset, Examples, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_images.inspection import Seen, findings_on, kinds_table, look, sizes_table

SMALL, LARGE = 32**2, 96**2
"""COCO calls objects small below the first and large from the second on, in square pixels."""

THIN = 2
"""A box that is narrower or lower than this, in pixels, is odd."""

CROWDED = 300
"""An image with more boxes than this is odd: evaluators and networks take fewer."""

UNBALANCED = 10
"""Classes are unbalanced where one has this many times the boxes of another."""


@dataclass(frozen=True)
class _Boxes:
    """The boxes of a part.

    Attributes:
        per_image: int (images,)
        label: int (boxes,), a place among the classes.
        image: int (boxes,)
        extents: float (boxes, 2), width and height.
        areas: float (boxes,), by which COCO tells sizes.
        crowd: how many are to be ignored.
        sizes: int (images, 2), height and width as annotated.
    """

    per_image: np.ndarray
    label: np.ndarray
    image: np.ndarray
    extents: np.ndarray
    areas: np.ndarray
    crowd: int
    sizes: np.ndarray


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Decode every image, and tell what there is and what is wrong.

    Args:
        dataset: as documented in `types`.
        progress: called with the number of images done, and of all.
    """
    seen = look(dataset, progress)
    classes = list(dataset.facts["classes"])
    parts = {name: _boxes(part, classes) for name, part in dataset.splits.items()}
    without = sum(int((part.per_image == 0).sum()) for part in parts.values())
    numbers: dict[str, float | str] = {
        "classes": len(classes),
        "boxes": sum(len(part.label) for part in parts.values()),
        "images without a box": without,
        "broken": sum(len(part.broken) for part in seen.values()),
    }
    if ignored := sum(part.crowd for part in parts.values()):
        numbers["ignored boxes"] = ignored
    return Inspection(
        numbers=numbers,
        tables=[
            _classes_table(parts, classes),
            _extents_table(parts),
            _per_image_table(parts),
            sizes_table(seen),
            kinds_table(seen),
        ],
        findings=[
            *findings_on(seen),
            *_other_sizes(dataset, parts, seen),
            *_balance(parts, classes),
            *_odd_boxes(dataset, parts),
        ],
    )


def _boxes(part: Examples, classes: list[str]) -> _Boxes:
    targets = [part[index].target for index in range(len(part))]
    numbers = {name: number for number, name in enumerate(classes)}
    per_image = np.array([len(target["boxes"]) for target in targets], np.int64)
    corners = np.array([box for target in targets for box in target["boxes"]], np.float64).reshape(-1, 4)
    extents = corners[:, 2:] - corners[:, :2]
    areas = extents[:, 0] * extents[:, 1]
    if targets and all("areas" in target for target in targets):
        areas = np.array([area for target in targets for area in target["areas"]], np.float64)
    return _Boxes(
        per_image=per_image,
        label=np.array([numbers[label] for target in targets for label in target["labels"]], np.int64),
        image=np.repeat(np.arange(len(targets)), per_image),
        extents=extents,
        areas=areas,
        crowd=sum(sum(target.get("crowd", ())) for target in targets),
        sizes=np.array([target["size"] for target in targets], np.int64).reshape(-1, 2),
    )


def _classes_table(parts: Mapping[str, _Boxes], classes: list[str]) -> Table:
    columns = ["class"]
    counts: list[list[int]] = []
    for name, part in parts.items():
        columns += [f"{name} boxes", "in images"]
        pairs = np.unique(np.stack([part.label, part.image]), axis=1)
        counts.append(np.bincount(part.label, minlength=len(classes)).tolist())
        counts.append(np.bincount(pairs[0], minlength=len(classes)).tolist())
    total = max(1, sum(counts[0]))
    rows: list[list[str | int]] = [
        [label, *(column[number] for column in counts), f"{100 * counts[0][number] / total:.1f} %"]
        for number, label in enumerate(classes)
    ]
    return Table(title="Classes", columns=[*columns, f"of {next(iter(parts))}"], rows=rows)


def _extents_table(parts: Mapping[str, _Boxes]) -> Table:
    """Boxes by size as COCO has it, and their median width and height."""
    rows: list[list[str | int]] = []
    for name, part in parts.items():
        if len(part.label):
            small, large = int((part.areas < SMALL).sum()), int((part.areas >= LARGE).sum())
            sides = [int(side) for side in np.median(part.extents, axis=0)]
            rows.append([name, small, len(part.label) - small - large, large, *sides])
    columns = ["part", "small", "medium", "large", "median width", "median height"]
    caption = "small: an area below 32 x 32 pixels, large: from 96 x 96 on"
    return Table(title="Sizes of boxes", columns=columns, rows=rows, caption=caption)


def _per_image_table(parts: Mapping[str, _Boxes]) -> Table:
    rows: list[list[str | int]] = [
        [
            name,
            int((part.per_image == 0).sum()),
            int(part.per_image.min()),
            int(np.median(part.per_image)),
            int(part.per_image.max()),
        ]
        for name, part in parts.items()
        if len(part.per_image)
    ]
    columns = ["part", "images without", "min", "median", "max"]
    return Table(title="Boxes per image", columns=columns, rows=rows)


def _other_sizes(dataset: Dataset, parts: Mapping[str, _Boxes], seen: Mapping[str, Seen]) -> list[Finding]:
    """Images whose annotated size is not theirs: their boxes may lie elsewhere."""
    places = []
    for name, part in dataset.splits.items():
        for index, size in enumerate(seen[name].sizes):
            height, width = parts[name].sizes[index].tolist()
            if size is not None and size != (height, width):
                turned = " (turned by Exif?)" if size == (width, height) else ""
                places.append(
                    f"{part[index].id}: {size[1]} x {size[0]}, annotated {width} x {height}{turned}"
                )
    if not places:
        return []
    text = counted(len(places), "image has", "images have") + " another size than annotated"
    return [Finding(text=f"{text}: boxes may be at the wrong place", places=places)]


def _balance(parts: Mapping[str, _Boxes], classes: list[str]) -> list[Finding]:
    """Classes that are missing somewhere, or rare."""
    counts = {name: np.bincount(part.label, minlength=len(classes)) for name, part in parts.items()}
    train = counts["train"]
    findings = []

    def report(which: np.ndarray, what: str, wrong: bool = False) -> None:
        names = [classes[number] for number in np.flatnonzero(which)]
        if names:
            text = f"{counted(len(names), 'class has', 'classes have')} {what}"
            findings.append(Finding(text=text, wrong=wrong, places=names))

    total = np.sum(list(counts.values()), axis=0)
    report(total == 0, "no box at all")
    report((train == 0) & (total > 0), "no box in the train part, so they cannot be learned", wrong=True)
    report(train == 1, "a single box in the train part")
    for name in ("validation", "test"):
        if name in counts:
            report((counts[name] == 0) & (train > 0), f"no box in the {name} part")
    present = np.flatnonzero(train)
    if len(present):
        most, least = present[np.argmax(train[present])], present[np.argmin(train[present])]
        if train[most] >= UNBALANCED * train[least]:
            findings.append(
                Finding(
                    text=f"the classes are unbalanced: '{classes[most]}' has {train[most]:,} boxes for"
                    f" training, '{classes[least]}' {train[least]:,}",
                    wrong=False,
                )
            )
    return findings


def _odd_boxes(dataset: Dataset, parts: Mapping[str, _Boxes]) -> list[Finding]:
    thin: list[str] = []
    crowded: list[str] = []
    for name, part in parts.items():
        examples = dataset.splits[name]
        for box in np.flatnonzero((part.extents < THIN).any(axis=1)).tolist():
            width, height = part.extents[box].tolist()
            thin.append(f"{examples[int(part.image[box])].id}: {width:.3g} x {height:.3g}")
        for image in np.flatnonzero(part.per_image > CROWDED).tolist():
            crowded.append(f"{examples[image].id}: {part.per_image[image]:,} boxes")
    findings = []
    if thin:
        text = f"{counted(len(thin), 'box is', 'boxes are')} narrower or lower than {THIN} pixels"
        findings.append(Finding(text=text, wrong=False, places=thin))
    if crowded:
        text = f"{counted(len(crowded), 'image has', 'images have')} more than {CROWDED} boxes"
        findings.append(Finding(text=text, wrong=False, places=crowded))
    return findings
