"""What a data set of boxes holds: classes, sizes of boxes and images, and what is broken or odd.

What is wrong with boxes themselves the loaders find, since it decides what is loaded: their sentences are
among `Dataset.problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Dataset, Examples, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite.options import resolved
from suite_images.inspection import (
    Seen,
    depth_findings,
    findings_on,
    kinds_table,
    leaks,
    look,
    sizes_table,
)
from suite_object_detection.options import DetectionOptions
from suite_object_detection.recipes import tile_defaults
from suite_object_detection.small_objects import small_objects
from suite_object_detection.survey import survey_of

SMALL, LARGE = 32**2, 96**2
"""COCO calls objects small below the first and large from the second on, in square pixels."""

THIN = 2
"""A box that is narrower or lower than this, in pixels, is odd."""

CROWDED = 300
"""An image with more boxes than this is odd: evaluators and networks take fewer."""

UNBALANCED = 10
"""Classes are unbalanced if one has this many times the boxes of another."""


@dataclass(frozen=True)
class _Boxes:
    """The boxes of a split that are not to be ignored.

    Attributes:
        per_image: int (images,)
        label: int (boxes,), an index into the classes.
        image: int (boxes,)
        extents: float (boxes, 2), width and height.
        areas: float (boxes,), by which COCO tells sizes.
        ignored: how many boxes are to be ignored.
        sizes: int (images, 2), height and width as annotated.
    """

    per_image: np.ndarray
    label: np.ndarray
    image: np.ndarray
    extents: np.ndarray
    areas: np.ndarray
    ignored: int
    sizes: np.ndarray


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Decode every image, and report what there is and what is wrong.

    Args:
        dataset: as documented in `types`.
        progress: called with the number of images done, and of all.
    """
    seen = look(dataset, progress)
    classes = list(dataset.facts["classes"])
    splits = {name: _boxes(split, classes) for name, split in dataset.splits.items()}
    without = sum(int((split.per_image == 0).sum()) for split in splits.values())
    numbers: dict[str, float | str] = {
        "classes": len(classes),
        "boxes": sum(len(split.label) for split in splits.values()),
        "images without a box": without,
        "broken": sum(len(split.broken) for split in seen.values()),
    }
    if ignored := sum(split.ignored for split in splits.values()):
        numbers["ignored boxes"] = ignored
    return Inspection(
        numbers=numbers,
        tables=[
            _classes_table(splits, classes),
            _extents_table(splits),
            _per_image_table(splits),
            sizes_table(seen),
            kinds_table(seen),
        ],
        findings=[
            *findings_on(seen),
            *leaks(seen, dataset),
            *depth_findings(seen, ": by default they are stretched to that, in 8 bits (model.bits)"),
            *_other_sizes(dataset, splits, seen),
            *_balance(splits, classes),
            *_odd_boxes(dataset, splits),
            *_small_objects(dataset),
        ],
    )


def _boxes(split: Examples, classes: list[str]) -> _Boxes:
    targets = [split[index].target for index in range(len(split))]
    numbers = {name: number for number, name in enumerate(classes)}
    count = np.array([len(target["boxes"]) for target in targets], np.int64)
    ignored = np.zeros(count.sum(), bool)
    for end, target in zip(np.cumsum(count).tolist(), targets, strict=True):
        if "crowd" in target:
            ignored[end - len(target["crowd"]) : end] = target["crowd"]
    image = np.repeat(np.arange(len(targets)), count)[~ignored]
    corners = np.array([box for target in targets for box in target["boxes"]], np.float64).reshape(-1, 4)
    extents = corners[:, 2:] - corners[:, :2]
    areas = extents[:, 0] * extents[:, 1]
    if targets and all("areas" in target for target in targets):
        areas = np.array([area for target in targets for area in target["areas"]], np.float64)
    label = np.array([numbers[label] for target in targets for label in target["labels"]], np.int64)
    return _Boxes(
        per_image=np.bincount(image, minlength=len(targets)),
        label=label[~ignored],
        image=image,
        extents=extents[~ignored],
        areas=areas[~ignored],
        ignored=int(ignored.sum()),
        sizes=np.array([target["size"] for target in targets], np.int64).reshape(-1, 2),
    )


def _classes_table(splits: Mapping[str, _Boxes], classes: list[str]) -> Table:
    columns = ["class"]
    counts: list[list[int]] = []
    for name, split in splits.items():
        columns += [f"{name} boxes", "in images"]
        pairs = np.unique(np.stack([split.label, split.image]), axis=1)
        counts.append(np.bincount(split.label, minlength=len(classes)).tolist())
        counts.append(np.bincount(pairs[0], minlength=len(classes)).tolist())
    total = max(1, sum(counts[0]))
    rows: list[list[str | int]] = [
        [label, *(column[number] for column in counts), f"{100 * counts[0][number] / total:.1f} %"]
        for number, label in enumerate(classes)
    ]
    ignored = any(split.ignored for split in splits.values())
    return Table(
        title="Classes",
        columns=[*columns, f"of {next(iter(splits))}"],
        rows=rows,
        caption="without the boxes that are ignored (crowds, difficult ones)" if ignored else "",
    )


def _extents_table(splits: Mapping[str, _Boxes]) -> Table:
    """Boxes by size as COCO has it, and their median width and height."""
    rows: list[list[str | int]] = []
    for name, split in splits.items():
        if len(split.label):
            small, large = int((split.areas < SMALL).sum()), int((split.areas >= LARGE).sum())
            sides = [int(side) for side in np.median(split.extents, axis=0)]
            rows.append([name, small, len(split.label) - small - large, large, *sides])
    columns = ["split", "small", "medium", "large", "median width", "median height"]
    caption = "small: an area below 32 x 32 pixels, large: from 96 x 96 on"
    return Table(title="Sizes of boxes", columns=columns, rows=rows, caption=caption)


def _per_image_table(splits: Mapping[str, _Boxes]) -> Table:
    rows: list[list[str | int]] = [
        [
            name,
            int((split.per_image == 0).sum()),
            int(split.per_image.min()),
            int(np.median(split.per_image)),
            int(split.per_image.max()),
        ]
        for name, split in splits.items()
        if len(split.per_image)
    ]
    columns = ["split", "images without", "min", "median", "max"]
    return Table(title="Boxes per image", columns=columns, rows=rows)


def _other_sizes(dataset: Dataset, splits: Mapping[str, _Boxes], seen: Mapping[str, Seen]) -> list[Finding]:
    """Images whose annotated size is not theirs: their boxes may lie elsewhere."""
    locations = []
    for name, split in dataset.splits.items():
        for index, size in enumerate(seen[name].sizes):
            height, width = splits[name].sizes[index].tolist()
            if size is not None and size != (height, width):
                turned = " (turned by Exif?)" if size == (width, height) else ""
                locations.append(
                    f"{split[index].id}: {size[1]} x {size[0]}, annotated {width} x {height}{turned}"
                )
    if not locations:
        return []
    text = counted(len(locations), "image has", "images have") + " another size than annotated"
    return [Finding(text=f"{text}: boxes may be at the wrong location", locations=locations)]


def _balance(splits: Mapping[str, _Boxes], classes: list[str]) -> list[Finding]:
    """Classes that are missing somewhere, or rare."""
    counts = {name: np.bincount(split.label, minlength=len(classes)) for name, split in splits.items()}
    train = counts["train"]
    findings = []

    def report(which: np.ndarray, what: str, wrong: bool = False) -> None:
        names = [classes[number] for number in np.flatnonzero(which)]
        if names:
            text = f"{counted(len(names), 'class has', 'classes have')} {what}"
            findings.append(Finding(text=text, wrong=wrong, locations=names))

    total = np.sum(list(counts.values()), axis=0)
    report(total == 0, "no box at all")
    report((train == 0) & (total > 0), "no box in the train split, so they cannot be learned", wrong=True)
    report(train == 1, "a single box in the train split")
    for name in ("validation", "test"):
        if name in counts:
            report((counts[name] == 0) & (train > 0), f"no box in the {name} split")
    present = np.flatnonzero(train)
    if len(present):
        largest, smallest = present[np.argmax(train[present])], present[np.argmin(train[present])]
        if train[largest] >= UNBALANCED * train[smallest]:
            findings.append(
                Finding(
                    text=f"the classes are unbalanced: '{classes[largest]}' has {train[largest]:,} boxes for"
                    f" training, '{classes[smallest]}' {train[smallest]:,}",
                    wrong=False,
                )
            )
    return findings


def _odd_boxes(dataset: Dataset, splits: Mapping[str, _Boxes]) -> list[Finding]:
    thin: list[str] = []
    crowded: list[str] = []
    for name, split in splits.items():
        examples = dataset.splits[name]
        for box in np.flatnonzero((split.extents < THIN).any(axis=1)).tolist():
            width, height = split.extents[box].tolist()
            thin.append(f"{examples[int(split.image[box])].id}: {width:.3g} x {height:.3g}")
        for image in np.flatnonzero(split.per_image > CROWDED).tolist():
            crowded.append(f"{examples[image].id}: {split.per_image[image]:,} boxes")
    findings = []
    if thin:
        text = f"{counted(len(thin), 'box is', 'boxes are')} narrower or lower than {THIN} pixels"
        findings.append(Finding(text=text, wrong=False, locations=thin))
    if crowded:
        text = f"{counted(len(crowded), 'image has', 'images have')} more than {CROWDED} boxes"
        findings.append(Finding(text=text, wrong=False, locations=crowded))
    return findings


def _small_objects(dataset: Dataset) -> list[Finding]:
    """What `suite train` says of objects that its default detector would see too small."""
    try:
        survey = survey_of(dataset)
    except UserError:
        return []  # there is nothing to learn, which other findings say
    options = resolved(DetectionOptions(), tile_defaults(survey, DetectionOptions()))
    sentence = small_objects(survey, options)
    return [Finding(text=sentence, wrong=False)] if sentence else []
