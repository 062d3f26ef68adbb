"""Kinds of errors, the confusion matrix with background, and what mending would bring: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from made_up_detections import CLASSES, detections, pairs_of, random_pairs, target
from suite_object_detection.evaluation import errors
from suite_object_detection.evaluation.errors import KINDS, confusion, false_positives, gains, missed
from suite_object_detection.evaluation.matching import overlaps
from suite_object_detection.evaluation.metrics import Scoring

BOX = (10, 10, 50, 50)


def analyzed(pairs):
    """The scoring, the boxes of its detections, and its false positives."""
    scoring = Scoring(pairs)
    boxes = scoring.arrays.detected.boxes[scoring.matching.detections]
    return scoring, boxes, false_positives(scoring.arrays, scoring.outcomes, boxes)


def kinds_of(targets, *rows) -> list[str]:
    false = analyzed(pairs_of([targets], [detections(*rows)]))[2]
    return [KINDS[kind] for kind in false.kind]


@pytest.mark.parametrize(
    ("box", "label", "kind"),
    [
        ((10, 10, 50, 48), "cat", "duplicate"),
        ((10, 10, 50, 48), "dog", "wrong class"),
        ((10, 30, 50, 70), "cat", "poor localization"),
        ((10, 30, 50, 70), "dog", "wrong class and poor localization"),
        ((10, 48, 50, 90), "cat", "background"),
        ((60, 60, 90, 90), "dog", "background"),
    ],
)
def test_a_false_positive_has_the_kind_of_what_it_overlaps(box, label, kind):
    true = target([BOX], ["cat"])
    assert kinds_of(true, (BOX, 0.9, "cat"), (box, 0.5, label)) == [kind]


def test_a_box_of_its_class_counts_before_one_of_another_class():
    true = target([BOX, (10, 12, 50, 50)], ["dog", "cat"])
    assert kinds_of(true, ((10, 12, 50, 50), 0.9, "cat"), (BOX, 0.5, "cat")) == ["duplicate"]


def test_crowds_are_nothing_that_an_error_could_be_about():
    true = target([BOX], ["cat"], crowd=[True])
    assert kinds_of(true, (BOX, 0.9, "dog")) == ["background"]


def test_an_error_names_the_box_that_it_is_about_and_the_overlap():
    true = target([(60, 60, 90, 90), BOX], ["cat", "cat"])
    false = analyzed(pairs_of([target(), true], [detections(), detections(((10, 30, 50, 70), 0.5, "cat"))]))[
        2
    ]
    assert false.truth.tolist() == [1]
    assert false.overlap == pytest.approx([1 / 3])


def confusion_of(pairs) -> np.ndarray:
    scoring, boxes, _ = analyzed(pairs)
    return confusion(scoring.arrays, scoring.outcomes, boxes, scoring.kept)


def test_confusion_has_true_classes_in_rows_found_ones_in_columns_and_background_last():
    true = target([BOX, (60, 60, 90, 90), (60, 10, 90, 40)], ["cat", "cat", "dog"])
    found = detections(
        (BOX, 0.9, "cat"),  # right
        ((60, 60, 90, 90), 0.8, "dog"),  # a cat found as a dog
        ((0, 60, 20, 90), 0.7, "bird"),  # nothing is there
        ((60, 10, 90, 40), 0.1, "dog"),  # right, but not sure enough: this dog is missed
    )
    assert confusion_of(pairs_of([true], [found], threshold=0.5)).tolist() == [
        [1, 1, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 1, 0],
    ]


def test_of_two_detections_of_a_box_of_another_class_the_higher_score_is_confused_and_the_lower_background():
    found = detections((BOX, 0.6, "dog"), (BOX, 0.9, "bird"))
    assert confusion_of(pairs_of([target([BOX], ["cat"])], [found], threshold=0.5)).tolist() == [
        [0, 0, 1, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 1, 0, 0],
    ]


@pytest.mark.parametrize("seed", range(20))
def test_confusion_counts_every_box_and_every_detection_once(seed):
    pairs = random_pairs(seed)
    scoring, boxes, _ = analyzed(pairs)
    counts = confusion(scoring.arrays, scoring.outcomes, boxes, scoring.kept)
    outcomes, classes = scoring.outcomes, len(CLASSES)
    assert counts[:-1].sum(axis=1).tolist() == outcomes.ground_truth.sum(axis=0).tolist()
    counted = scoring.kept & (outcomes.true_positive | outcomes.false_positive)
    assert (
        counts[:, :-1].sum(axis=0).tolist()
        == np.bincount(outcomes.labels[counted], minlength=classes).tolist()
    )
    true_positives = np.bincount(outcomes.labels[scoring.kept & outcomes.true_positive], minlength=classes)
    assert np.diag(counts)[:-1].tolist() == true_positives.tolist()
    assert counts[-1, -1] == 0
    lost = missed(scoring.arrays, scoring.outcomes, scoring.kept)
    assert len(lost) == counts[:-1].sum() - true_positives.sum()


def test_results_do_not_depend_on_how_much_is_held_in_memory(monkeypatch):
    pairs = random_pairs(4, images=4, max_detections=60)
    whole, counts = analyzed(pairs)[2], confusion_of(pairs)
    monkeypatch.setattr(errors, "_CELLS", 20)
    blockwise = analyzed(pairs)[2]
    assert blockwise.kind.tolist() == whole.kind.tolist()
    assert blockwise.truth.tolist() == whole.truth.tolist()
    assert confusion_of(pairs).tolist() == counts.tolist()


def gains_of(targets, *rows) -> dict[str, float]:
    scoring, _, false = analyzed(pairs_of([targets], [detections(*rows)]))
    found = gains(scoring.arrays, scoring.outcomes, false)
    return {kind: round(gain, 3) for kind, gain in found.items() if round(gain, 3)}


def test_mending_the_class_of_a_detection_makes_it_right():
    true = target([BOX, (60, 60, 90, 90)], ["cat", "dog"])
    rows = (BOX, 0.9, "dog"), ((60, 60, 90, 90), 0.8, "dog")
    # The dog has half the precision behind the wrong one; the cat is not found at all.
    assert gains_of(true, *rows) == {"wrong class": 0.75}


def test_mending_the_localization_of_a_detection_makes_it_right():
    assert gains_of(target([BOX], ["cat"]), ((10, 30, 50, 70), 0.9, "cat")) == {"poor localization": 1.0}


def test_a_missed_box_is_mended_by_taking_it_out_of_the_ground_truth():
    true = target([BOX, (60, 60, 90, 90)], ["cat", "cat"])
    gained = gains_of(true, (BOX, 0.9, "cat"))
    assert gained == {"missed": pytest.approx(1 - 51 / 101, abs=0.001)}


def test_false_positives_in_the_background_are_mended_by_leaving_them_out():
    rows = ((60, 60, 90, 90), 0.9, "cat"), (BOX, 0.8, "cat")
    assert gains_of(target([BOX], ["cat"]), *rows) == {"background": 0.5}


@pytest.mark.parametrize("seed", range(10))
def test_gains_start_from_the_map50_of_the_scores(seed):
    scoring, _, false = analyzed(random_pairs(seed))
    ground_truth = scoring.outcomes.ground_truth.sum(axis=0)
    map50 = scoring.averages(scoring.each_once)["map50"]
    assert errors._map50(scoring.outcomes, ground_truth) == pytest.approx(map50)
    for gain in gains(scoring.arrays, scoring.outcomes, false).values():
        assert map50 + gain <= 1 + 1e-9


def test_overlap_is_intersection_over_union():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 0, 0.0]])
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 0, 0.0]])
    assert overlaps(boxes, others).tolist() == [[1, pytest.approx(1 / 3), 0, 0], [0, 0, 0, 0]]
