"""Scores of object detection: by hand on tiny cases, and equal to pycocotools on random ones."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import time

import faster_coco_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from made_up_detections import CLASSES, detections, pairs_of, random_pairs, target
from suite import UserError
from suite.contributions import Contributed, Evaluator
from suite.evaluation import scoring
from suite.evaluation.types import Pairs
from suite.options import NoOptions
from suite_object_detection.evaluation import evaluator as evaluators
from suite_object_detection.evaluation.evaluator import object_detection
from suite_object_detection.evaluation.metrics import best_threshold, class_thresholds
from suite_object_detection.types import Detections

NAMES = ["map", "map50", "map75", "map_small", "map_medium", "map_large", "ar1", "ar10", "ar100"]
BOX = (10, 10, 50, 50)


def by_coco(pairs: Pairs, chosen=None, coco=COCO, evaluator=COCOeval):
    """pycocotools' evaluation of the images `chosen`, of which some may be there twice."""
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
        for box, label, sure in zip(prediction.boxes, prediction.labels, prediction.scores, strict=True):
            results.append({
                "image_id": number, "category_id": classes.index(label) + 1, "bbox": sized(box),
                "score": sure,
            })  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco()
        truth.dataset = {
            "images": [{"id": number} for number in range(len(chosen))],
            "categories": [{"id": number + 1, "name": name} for number, name in enumerate(classes)],
            "annotations": annotations,
        }
        truth.createIndex()
        found = truth.loadRes(results) if results else coco()
        if not results:
            found.dataset = {**truth.dataset, "annotations": []}
            found.createIndex()
        evaluation = evaluator(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def numbers_of(pairs: Pairs, indices=None) -> dict[str, float]:
    evaluation = object_detection(pairs, NoOptions())
    return dict(evaluation.score(np.arange(len(pairs)) if indices is None else np.asarray(indices)))


def assert_equal(numbers, reference) -> None:
    for name, number in zip(NAMES, reference.stats, strict=False):
        if number == -1:
            assert np.isnan(numbers[name]), name
        else:
            assert numbers[name] == pytest.approx(number, abs=1e-9), name


@pytest.mark.parametrize("seed", range(15))
def test_all_averages_are_those_of_pycocotools(seed):
    pairs = random_pairs(seed)
    assert_equal(numbers_of(pairs), by_coco(pairs))


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    images=st.integers(1, 5),
    max_detections=st.integers(1, 40),
    classes=st.integers(1, 4).map(lambda count: list("abcd"[:count])),
)
def test_averages_are_those_of_pycocotools_for_any_sizes(seed, images, max_detections, classes):
    pairs = random_pairs(seed, images=images, max_detections=max_detections, classes=classes)
    assert_equal(numbers_of(pairs), by_coco(pairs))


def test_only_the_hundred_highest_scores_of_a_class_in_an_image_count_as_in_pycocotools():
    pairs = random_pairs(3, images=2, max_detections=700)
    assert max(map(len, pairs.predictions)) > 300
    assert_equal(numbers_of(pairs), by_coco(pairs))


def test_without_any_detection_everything_is_zero():
    pairs = random_pairs(0, max_detections=1)
    numbers = numbers_of(pairs)
    assert_equal(numbers, by_coco(pairs))
    assert set(numbers.values()) == {0.0}
    assert best_threshold(pairs) == 0.5


@pytest.mark.parametrize("seed", range(10))
def test_each_class_has_the_average_precision_of_pycocotools(seed):
    pairs = random_pairs(seed)
    precision = by_coco(pairs).eval["precision"][:, :, :, 0, -1]  # overlaps, recalls, classes
    table = object_detection(pairs, NoOptions()).details()["classes"]
    for index, name in enumerate(CLASSES):
        if precision[0, 0, index] == -1:
            assert "map" not in table[name]
        else:
            assert table[name]["map"] == pytest.approx(precision[:, :, index].mean(), abs=1e-9)
            assert table[name]["map50"] == pytest.approx(precision[0, :, index].mean(), abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_the_sample_itself_scores_as_the_librarys_own_accumulation(seed):
    pairs = random_pairs(seed, images=20)
    assert_equal(
        numbers_of(pairs),
        by_coco(pairs, coco=faster_coco_eval.COCO, evaluator=faster_coco_eval.COCOeval_faster),
    )


@pytest.mark.parametrize("seed", range(15))
def test_an_image_that_is_drawn_twice_counts_as_two_images(seed):
    pairs = random_pairs(seed, ties=False)
    drawn = np.sort(np.random.default_rng(seed).integers(0, len(pairs), len(pairs)))
    assert_equal(numbers_of(pairs, drawn), by_coco(pairs, drawn.tolist()))


def test_two_copies_of_every_image_score_like_one():
    pairs = random_pairs(5)
    once, twice = numbers_of(pairs), numbers_of(pairs, np.repeat(np.arange(len(pairs)), 2))
    assert twice == pytest.approx(once, nan_ok=True)


def test_many_classes_cost_no_more_than_their_boxes():
    classes = [f"class {number}" for number in range(3000)]
    pairs = random_pairs(1, images=100, classes=classes)
    start = time.process_time()
    assert 0 <= numbers_of(pairs)["map"] <= 1
    assert time.process_time() - start < 5


def one_of_everything() -> Pairs:
    """Two cats and a dog: a cat is found, another twice, the dog is taken for a cat; a false positive."""
    targets = [target([BOX, (60, 60, 90, 90)], ["cat", "cat"]), target([BOX], ["dog"]), target()]
    predictions = [
        detections((BOX, 0.9, "cat"), ((60, 60, 90, 90), 0.8, "cat"), ((60, 60, 90, 91), 0.3, "cat")),
        detections((BOX, 0.7, "cat")),
        detections((BOX, 0.1, "dog")),
    ]
    return pairs_of(targets, predictions)


def test_precision_recall_and_f1_are_at_the_threshold_of_the_facts():
    pairs = one_of_everything()
    pairs.facts["threshold"] = 0.25
    evaluation = object_detection(pairs, NoOptions())
    numbers = evaluation.score(np.arange(3))
    assert numbers["precision"] == pytest.approx(2 / 4)
    assert numbers["recall"] == pytest.approx(2 / 3)
    assert numbers["f1"] == pytest.approx(4 / 7)
    assert "precision" not in evaluation.notes
    classes = evaluation.details()["classes"]
    assert classes["cat"] == pytest.approx(
        {
            "map": 1,
            "map50": 1,
            "map75": 1,
            "precision": 0.5,
            "recall": 1,
            "f1": 2 / 3,
            "boxes": 2,
            "images": 1,
        }
    )
    assert classes["dog"]["recall"] == classes["dog"]["precision"] == 0
    assert classes["bird"] == {"precision": 0, "boxes": 0, "images": 0}


def test_without_a_threshold_the_best_on_these_images_is_taken_and_this_is_said():
    evaluation = object_detection(one_of_everything(), NoOptions())
    numbers = evaluation.score(np.arange(3))
    assert numbers["f1"] == pytest.approx(2 * 2 / (2 + 3))
    assert "score of at least 0.75, where F1 is highest on these very images" in evaluation.notes["precision"]


def test_what_is_detected_in_a_crowd_is_neither_right_nor_wrong():
    crowd = target([BOX, (60, 60, 90, 90)], ["cat", "cat"], crowd=[True, False])
    found = detections(
        ((12, 12, 20, 20), 0.9, "cat"), ((30, 30, 40, 40), 0.8, "cat"), ((60, 60, 90, 90), 0.7, "cat")
    )
    numbers = numbers_of(pairs_of([crowd], [found], threshold=0.5))
    assert (numbers["map"], numbers["precision"], numbers["recall"]) == pytest.approx((1, 1, 1))


def test_areas_of_the_data_say_what_is_small():
    boxes = target([(0, 0, 90, 90)], ["cat"], areas=[500.0])
    numbers = numbers_of(pairs_of([boxes], [detections(((0, 0, 90, 90), 0.9, "cat"))]))
    assert numbers["map_small"] == pytest.approx(1)
    assert np.isnan(numbers["map_large"])


def test_the_best_threshold_is_half_way_and_as_round_as_can_be():
    assert best_threshold(one_of_everything()) == 0.75
    alone = pairs_of([target([BOX], ["cat"])], [detections((BOX, 0.9137, "cat"))])
    assert best_threshold(alone) == 0.46
    close = [detections((BOX, 0.91371, "cat"), ((60, 60, 90, 90), 0.91369, "cat"))]
    assert best_threshold(pairs_of([target([BOX], ["cat"])], close)) == 0.9137


def f1_at(pairs: Pairs, threshold: float) -> float:
    cut = [
        Detections(
            boxes=[
                box
                for box, score in zip(prediction.boxes, prediction.scores, strict=True)
                if score >= threshold
            ],
            labels=[
                name
                for name, score in zip(prediction.labels, prediction.scores, strict=True)
                if score >= threshold
            ],
            scores=[score for score in prediction.scores if score >= threshold],
        )
        for prediction in pairs.predictions
    ]
    facts = {**pairs.facts, "threshold": threshold}
    found = numbers_of(Pairs(pairs.targets, cut, pairs.ids, facts=facts))
    return found["f1"]


@pytest.mark.parametrize("seed", range(12))
def test_no_threshold_has_a_higher_f1_than_the_best_one(seed):
    pairs = random_pairs(seed, images=6)
    best = best_threshold(pairs)
    scores = sorted({score for prediction in pairs.predictions for score in prediction.scores})
    assert f1_at(pairs, best) == pytest.approx(max(f1_at(pairs, score) for score in scores))
    assert numbers_of(pairs)["f1"] == pytest.approx(f1_at(pairs, best))


def test_numbers_that_cannot_be_computed_are_explained():
    notes = object_detection(pairs_of([target()], [detections((BOX, 0.5, "cat"))]), NoOptions()).notes
    assert notes["map"] == notes["recall"] == "left out, no image has a box to be found"
    some = pairs_of([target([BOX], ["cat"])], [detections((BOX, 0.5, "cat"))])
    notes = object_detection(some, NoOptions()).notes
    assert notes["map"] == "over 1 of 3 classes, for 'dog', 'bird' has no box"
    assert notes["map_small"] == "left out, there is no box of up to 32 x 32 pixels"
    assert notes["map_large"] == "left out, there is no box of 96 x 96 pixels or more"
    assert "map_medium" not in notes


def evaluator() -> list[Contributed]:
    item = Evaluator(name="detection", task="object-detection", summary="", evaluate=object_detection)
    return [Contributed(plugin="object-detection", item=item)]


def test_the_host_gets_intervals_of_everything(monkeypatch):
    monkeypatch.setattr("suite.evaluation.evaluated.RESAMPLES", 50)
    pairs = random_pairs(2, images=30)
    found = scoring.score(evaluator(), pairs, intervals=True)
    assert set(found.intervals) == set(found.numbers) == {*NAMES, "precision", "recall", "f1"}
    low, high = found.intervals["map50"]
    assert 0 <= low < high <= 1


def test_averages_of_very_many_detections_have_no_interval_but_counts_do(monkeypatch):
    monkeypatch.setattr("suite.evaluation.evaluated.RESAMPLES", 50)
    monkeypatch.setattr(evaluators, "MAX_BOXES_TO_RESAMPLE", 10)
    pairs = random_pairs(2, images=30)
    found = scoring.score(evaluator(), pairs, intervals=True)
    assert set(found.intervals) == {"precision", "recall", "f1"}
    assert found.numbers["map"] == pytest.approx(by_coco(pairs).stats[0])
    assert "map75: no interval, there are too many detections to resample" in found.notes


@pytest.mark.slow
def test_an_image_with_ten_thousand_boxes_is_scored_in_seconds():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 4000, (10_000, 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 60, (10_000, 2))], axis=1).tolist()
    labels = rng.choice(CLASSES, 10_000).tolist()
    found = detections(*zip(boxes, rng.random(10_000).tolist(), labels, strict=True))
    pairs = pairs_of([target(boxes, labels)], [found])
    start = time.process_time()
    numbers = numbers_of(pairs)
    assert time.process_time() - start < 10
    assert numbers["precision"] == 1
    assert numbers["recall"] == pytest.approx(300 / 10_000)


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (Detections(boxes=[BOX], scores=[], labels=["cat"]), "'0.jpg' has 1 boxes but 0 scores"),
        (Detections(boxes=[BOX], scores=[0.5], labels=[]), "'0.jpg' has 1 boxes but 0 labels"),
        (
            Detections(boxes=[(1, 2, 3)], scores=[0.5], labels=["cat"]),
            "a box of 3 numbers: it must have four",
        ),
        (detections(((50, 50, 20, 20), 0.5, "cat")), r"x2 right of x1 and y2 below y1 \(not x, y, width"),
        (detections(((0, 0, float("nan"), 9), 0.5, "cat")), "has the box"),
        (detections((BOX, 1.5, "cat")), "has the score 1.5: scores say how sure a box is, from 0 to 1"),
        (detections((BOX, float("nan"), "cat")), "has the score nan"),
        (detections((BOX, 0.5, "cats")), "none of the classes: 'cats' \\(1 times\\); did you mean 'cat'"),
    ],
)
def test_predictions_from_elsewhere_that_make_no_sense_are_refused_by_name(prediction, message):
    with pytest.raises(UserError, match=message):
        object_detection(pairs_of([target([BOX], ["cat"])], [prediction]), NoOptions())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"boxes": None, "labels": []}, "expected 'array', got 'null' - at 'target.boxes'"),
        ({"boxes": [[1, 2, 3, "4"]]}, r"expected 'float', got 'str' - at 'target.boxes.0..3.'"),
        ({"labels": [{}]}, "expected 'str', got 'object'"),
        ({"crowd": [True, False]}, "one value of crowd and areas for each of 1 boxes"),
    ],
)
def test_targets_from_elsewhere_that_make_no_sense_are_refused_by_name(wrong, message):
    changed = {**target([BOX], ["cat"]), **wrong}
    with pytest.raises(UserError, match=f"the target of '0.jpg'.* {message}"):
        object_detection(pairs_of([changed], [detections()]), NoOptions())


def test_a_class_that_the_model_does_not_know_is_refused_by_name():
    with pytest.raises(UserError, match="labels that the model does not know: 'cow'"):
        object_detection(pairs_of([target([BOX], ["cow"])], [detections()]), NoOptions())


def test_detections_need_not_be_sorted():
    pairs = random_pairs(8, ties=False)
    shuffled = [
        Detections(
            boxes=prediction.boxes[::-1], scores=prediction.scores[::-1], labels=prediction.labels[::-1]
        )
        for prediction in pairs.predictions
    ]
    turned = Pairs(pairs.targets, shuffled, pairs.ids, facts=pairs.facts)
    assert numbers_of(turned) == pytest.approx(numbers_of(pairs), nan_ok=True)


def test_without_facts_the_classes_are_those_that_are_named():
    pairs = one_of_everything()
    bare = Pairs(pairs.targets, pairs.predictions, pairs.ids)
    assert list(object_detection(bare, NoOptions()).details()["classes"]) == ["cat", "dog"]


def test_nothing_at_all_can_be_scored():
    numbers = numbers_of(Pairs([target()], [detections()], ["0.jpg"]))
    assert np.isnan(numbers["map"])
    assert numbers["precision"] == 0


def test_scoring_prints_nothing(capfd):
    numbers_of(random_pairs(0))
    assert capfd.readouterr() == ("", "")


def test_a_class_has_a_threshold_of_its_own_only_if_that_helps_and_its_boxes_suffice():
    """Wrong dogs score up to 0.6, right cats as little as 0.3: no threshold suits both."""
    there, elsewhere = BOX, [100.0, 100.0, 120.0, 120.0]
    targets = [target([there, there], ["cat", "dog"])] * 100
    found = [detections((there, 0.3, "cat"), (there, 0.9, "dog"), (elsewhere, 0.6, "dog"))] * 100
    pairs = pairs_of(targets, found)
    best = best_threshold(pairs)
    thresholds = class_thresholds(pairs, best)
    both = dataclasses.replace(pairs, facts={**pairs.facts, "threshold": best, "thresholds": thresholds})
    assert numbers_of(both)["f1"] == 1.0
    assert numbers_of(dataclasses.replace(both, facts={**pairs.facts, "threshold": best}))["f1"] < 0.9
    assert class_thresholds(pairs_of(targets[:99], found[:99]), best) == {}
