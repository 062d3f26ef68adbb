"""Made-up images with boxes, and detections of all kinds of quality, for tests of detection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from suite.data.dataset import Dataset
from suite.evaluation.types import Pairs
from suite_object_detection.types import Detections

CLASSES = ("cat", "dog", "bird")


def target(boxes=(), labels=(), **more) -> dict:
    """A target of an image of 100 x 100 pixels."""
    return {"size": [100, 100], "boxes": [list(box) for box in boxes], "labels": list(labels), **more}


def detections(*rows) -> Detections:
    """Detections from (box, score, label)."""
    return Detections(
        boxes=[tuple(map(float, box)) for box, _, _ in rows],
        scores=[score for _, score, _ in rows],
        labels=[label for _, _, label in rows],
    )


def pairs_of(targets, predictions, classes: Sequence[str] = CLASSES, **facts) -> Pairs:
    """Pairs of images that are called 0.jpg, 1.jpg, ..."""
    ids = [f"{number}.jpg" for number in range(len(targets))]
    return Pairs(targets, predictions, ids, facts={"classes": list(classes), **facts})


def random_pairs(
    seed: int,
    *,
    images: int = 12,
    max_detections: int = 12,
    classes: Sequence[str] = CLASSES,
    ties: bool = True,
    crowds: bool = True,
) -> Pairs:
    """Random pairs: perturbed truth, duplicates, wrong classes, noise, images with no box or nothing found.

    Args:
        seed: of everything.
        images: how many.
        max_detections: detections in an image are fewer.
        classes: of which one may have no box at all.
        ties: whether scores may be equal.
        crowds: whether boxes may be crowds.
    """
    rng = np.random.default_rng(seed)
    present = rng.choice(classes, max(1, len(classes) - rng.integers(2)), replace=False)
    targets, predictions = [], []
    for _ in range(images):
        count = int(rng.integers(0, 8)) if rng.random() > 0.2 else 0
        low = rng.uniform(0, 200, (count, 2)).round(rng.integers(0, 3))
        boxes = np.concatenate([low, low + 4 + rng.gamma(1.5, 30, (count, 2))], axis=1)
        labels = rng.choice(present, count)
        true = {"size": [300, 300], "boxes": boxes.tolist(), "labels": labels.tolist()}
        if crowds and rng.random() < 0.5:
            true["crowd"] = (rng.random(count) < 0.3).tolist()
        if rng.random() < 0.5:
            areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) * rng.uniform(0.3, 1, count)
            true["areas"] = areas.tolist()
        count_found = int(rng.integers(0, max_detections)) if rng.random() > 0.2 else 0
        noise = rng.uniform(0, 250, (count_found, 2))
        guesses = np.concatenate([noise, noise + rng.gamma(1.5, 30, (count_found, 2))], axis=1)
        names = rng.choice(classes, count_found)
        if count:
            copies = rng.random(count_found) < 0.7
            source = rng.integers(0, count, count_found)
            shaken = boxes[source] + rng.normal(0, rng.choice([0.0, 3.0, 8.0]), (count_found, 4))
            shaken[:, 2:] = np.maximum(shaken[:, 2:], shaken[:, :2])
            guesses[copies] = shaken[copies]
            same = copies & (rng.random(count_found) < 0.85)
            names[same] = labels[source[same]]
        scores = rng.random(count_found)
        if ties:
            scores = scores.round(rng.integers(1, 4))
        order = np.argsort(-scores, kind="stable")
        targets.append(true)
        rows = zip(guesses[order].tolist(), scores[order].tolist(), names[order].tolist(), strict=True)
        predictions.append(detections(*rows))
    return pairs_of(targets, predictions, classes)


def write_yolo(folder: Path, dataset: Dataset) -> Path:
    """The dataset as YOLO has it: images, labels and a data.yaml."""
    names = dataset.facts["classes"]
    for split, examples in dataset.splits.items():
        for index in range(len(examples)):
            example = examples[index]
            height, width = example.target["size"]
            lines = []
            for (x1, y1, x2, y2), label in zip(
                example.target["boxes"], example.target["labels"], strict=True
            ):
                middle = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height
                numbers = (*middle, (x2 - x1) / width, (y2 - y1) / height)
                lines.append(" ".join(map(str, (names.index(label), *numbers))))
            image = folder / "images" / split / f"{index}.png"
            image.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(image), cv2.cvtColor(example.input, cv2.COLOR_RGB2BGR))
            labels = folder / "labels" / split / f"{index}.txt"
            labels.parent.mkdir(parents=True, exist_ok=True)
            labels.write_text("".join(f"{line}\n" for line in lines))
    (folder / "data.yaml").write_text(
        f"train: images/train\nval: images/validation\ntest: images/test\nnames: [{', '.join(names)}]\n"
    )
    return folder
