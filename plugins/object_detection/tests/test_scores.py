"""Scores of object detection: by hand on tiny cases, and equal to pycocotools on random ones."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from suite.evaluation import Pairs
from suite.options import NoOptions
from suite_object_detection.scores import best_threshold, object_detection
from suite_object_detection.types import Detections

CLASSES = ("cat", "dog", "bird")
NAMES = ["map", "map50", "map75", "map_small", "map_medium", "map_large", "ar1", "ar10", "ar100"]


def random_pairs(seed: int, *, pictures: int = 12, most: int = 12, classes=CLASSES) -> Pairs:
    """Truth, and detections of all kinds of quality: perturbed truth, doubles, wrong classes, noise."""
    rng = np.random.default_rng(seed)
    present = rng.choice(classes, max(1, len(classes) - rng.integers(2)), replace=False)
    targets, predictions = [], []
    for _ in range(pictures):
        count = int(rng.integers(0, 8)) if rng.random() > 0.2 else 0
        low = rng.uniform(0, 200, (count, 2)).round(rng.integers(0, 3))
        boxes = np.concatenate([low, low + 4 + rng.gamma(1.5, 30, (count, 2))], axis=1)
        labels = rng.choice(present, count)
        target = {"size": [300, 300], "boxes": boxes.tolist(), "labels": labels.tolist()}
        if rng.random() < 0.5:
            target["crowd"] = (rng.random(count) < 0.3).tolist()
        if rng.random() < 0.5:
            areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) * rng.uniform(0.3, 1, count)
            target["areas"] = areas.tolist()
        targets.append(target)
        found = int(rng.integers(0, most)) if rng.random() > 0.2 else 0
        noise = rng.uniform(0, 250, (found, 2))
        guesses = np.concatenate([noise, noise + rng.gamma(1.5, 30, (found, 2))], axis=1)
        names = rng.choice(classes, found)
        if count:
            copies = rng.random(found) < 0.7
            source = rng.integers(0, count, found)
            shaken = boxes[source] + rng.normal(0, rng.choice([0.0, 3.0, 8.0]), (found, 4))
            shaken[:, 2:] = np.maximum(shaken[:, 2:], shaken[:, :2])
            guesses[copies] = shaken[copies]
            same = copies & (rng.random(found) < 0.85)
            names[same] = labels[source[same]]
        scores = rng.random(found).round(rng.integers(1, 4))  # so there are ties
        order = np.argsort(-scores, kind="stable")
        predictions.append(
            Detections(
                boxes=[tuple(box) for box in guesses[order].tolist()],
                scores=scores[order].tolist(),
                labels=names[order].tolist(),
            )
        )
    ids = [f"{number}.jpg" for number in range(pictures)]
    return Pairs(targets, predictions, ids, facts={"classes": list(classes)})


def by_pycocotools(pairs: Pairs, chosen=None) -> COCOeval:
    """The evaluation of the pictures `chosen`, of which some may be there twice."""
    classes = pairs.facts["classes"]
    chosen = range(len(pairs)) if chosen is None else chosen
    annotations, results = [], []

    def sized(box):
        return [box[0], box[1], box[2] - box[0], box[3] - box[1]]

    for number, index in enumerate(chosen):
        target, prediction = pairs.targets[index], pairs.predictions[index]
        for position, (box, label) in enumerate(zip(target["boxes"], target["labels"], strict=True)):
            width, height = sized(box)[2:]
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": classes.index(label) + 1,
                "bbox": sized(box), "iscrowd": int(target.get("crowd", [False] * 99)[position]),
                "area": target["areas"][position] if "areas" in target else width * height,
            })  # fmt: skip
        for box, label, score in zip(prediction.boxes, prediction.labels, prediction.scores, strict=True):
            results.append({
                "image_id": number, "category_id": classes.index(label) + 1, "bbox": sized(box),
                "score": score,
            })  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": number} for number in range(len(chosen))],
            "categories": [{"id": number + 1, "name": name} for number, name in enumerate(classes)],
            "annotations": annotations,
        }
        truth.createIndex()
        found = truth.loadRes(results) if results else COCO()
        if not results:
            found.dataset = {**truth.dataset, "annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def numbers_of(pairs: Pairs, indices=None) -> dict[str, float]:
    evaluation = object_detection(pairs, NoOptions())
    return dict(evaluation.score(np.arange(len(pairs)) if indices is None else np.asarray(indices)))


def assert_equal(numbers, reference: COCOeval) -> None:
    for name, number in zip(NAMES, reference.stats, strict=False):
        if number == -1:
            assert np.isnan(numbers[name]), name
        else:
            assert numbers[name] == pytest.approx(number, abs=1e-9), name


@pytest.mark.parametrize("seed", range(40))
def test_all_averages_are_those_of_pycocotools(seed):
    pairs = random_pairs(seed)
    assert_equal(numbers_of(pairs), by_pycocotools(pairs))


def f1_at(pairs: Pairs, threshold: float) -> float:
    cut = [
        Detections(
            boxes=[box for box, score in zip(one.boxes, one.scores, strict=True) if score >= threshold],
            labels=[name for name, score in zip(one.labels, one.scores, strict=True) if score >= threshold],
            scores=[score for score in one.scores if score >= threshold],
        )
        for one in pairs.predictions
    ]
    facts = {**pairs.facts, "threshold": threshold}
    found = numbers_of(Pairs(pairs.targets, cut, pairs.ids, facts=facts))
    return found["f1"]


@pytest.mark.parametrize("seed", range(12))
def test_no_threshold_has_a_higher_f1_than_the_best_one(seed):
    pairs = random_pairs(seed, pictures=6)
    best = best_threshold(pairs)
    scores = sorted({score for one in pairs.predictions for score in one.scores})
    assert f1_at(pairs, best) == pytest.approx(max(f1_at(pairs, score) for score in scores))
    assert numbers_of(pairs)["f1"] == pytest.approx(f1_at(pairs, best))
