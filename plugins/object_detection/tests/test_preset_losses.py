"""What keras-hub's detectors minimize, against plain references."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

keras = pytest.importorskip("keras", reason="needs Keras")

from suite_object_detection.presets.anchors import Anchors, anchor_boxes  # noqa: E402
from suite_object_detection.presets.auction import auction  # noqa: E402 - after asking for Keras
from suite_object_detection.presets.losses import AnchorLoss, SetLoss  # noqa: E402

pytestmark = pytest.mark.backend

SIZE = (64, 96)
ANCHORS = Anchors(levels=(3, 4))
BOXES = anchor_boxes(SIZE, ANCHORS).astype(np.float64)


def value(loss, targets, outputs) -> float:
    result = loss(np.asarray(targets, np.float32), np.asarray(outputs, np.float32))
    return float(keras.ops.convert_to_numpy(result))


def padded(*rows, most: int = 4) -> np.ndarray:
    """A target with the given rows of class, x1, y1, x2, y2."""
    target = np.zeros((most, 5))
    target[:, 0] = -1
    target[: len(rows)] = np.reshape(rows, (-1, 5))
    return target


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 0.05])
def test_an_auction_matches_at_nearly_the_least_cost(spread):
    rng = np.random.default_rng(0)
    cost = (rng.normal(size=(6, 12, 30)) * spread).astype(np.float32)
    cost[1] = cost[1, :1]  # all rows want the same columns
    wanted = rng.random((6, 12)) < 0.7
    wanted[0] = False
    owners = keras.ops.convert_to_numpy(auction(keras.ops.convert_to_tensor(cost), wanted))
    for costs, rows, owner in zip(cost, wanted, owners, strict=True):
        columns = np.flatnonzero(owner >= 0)
        assert sorted(owner[columns]) == np.flatnonzero(rows).tolist()
        least = costs[rows][linear_sum_assignment(costs[rows])].sum()
        assert costs[owner[columns], columns].sum() <= least + 0.01 * rows.sum() + 1e-4


@pytest.mark.slow
def test_an_auction_ends_where_there_are_too_few_columns():
    owners = auction(np.zeros((1, 5, 3), np.float32), np.ones((1, 5), bool), rounds=50)
    assert sorted(keras.ops.convert_to_numpy(owners)[0] >= 0) == [True] * 3


def overlaps(box: np.ndarray) -> np.ndarray:
    """With all anchors."""
    sides = np.minimum(BOXES[:, 2:], box[2:]) - np.maximum(BOXES[:, :2], box[:2])
    shared = np.maximum(sides, 0).prod(axis=1)
    return shared / ((BOXES[:, 2:] - BOXES[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - shared)


def reference(target: np.ndarray, output: np.ndarray, classes: int) -> tuple[float, int]:
    """The loss of one image before it is divided, and its positives: anchor by anchor, in float64."""
    total, positives = 0.0, 0
    rows = [row for row in target if row[0] >= 0]
    table = np.array([overlaps(row[1:]) for row in rows]).reshape(len(rows), len(BOXES))
    for number, anchor in enumerate(BOXES):
        middle, sides = (anchor[:2] + anchor[2:]) / 2, anchor[2:] - anchor[:2]
        forcing = [place for place, own in enumerate(table) if own[number] >= own.max() * (1 - 1e-6)]
        best = max(forcing or range(len(rows)), key=lambda place: table[place, number], default=None)
        wanted = np.zeros(classes)
        if best is not None and (forcing or table[best, number] >= 0.5):
            positives += 1
            _, x1, y1, x2, y2 = rows[best]
            wanted[int(rows[best][0])] = 1
            coded = [((x1 + x2) / 2 - middle[0]) / sides[0], ((y1 + y2) / 2 - middle[1]) / sides[1]]
            coded += [np.log((x2 - x1) / sides[0]), np.log((y2 - y1) / sides[1])]
            errors = np.abs(output[number, classes:] - coded)
            total += np.where(errors < 1 / 9, 4.5 * errors**2, errors - 1 / 18).sum()
        elif (best is not None and table[:, number].max() >= 0.4) or any(
            (middle >= row[1:3]).all() and (middle <= row[3:]).all() for row in target if row[0] == -2
        ):
            continue
        scores = 1 / (1 + np.exp(-output[number, :classes]))
        total -= (0.25 * wanted * (1 - scores) ** 2 * np.log(scores)).sum()
        total -= (0.75 * (1 - wanted) * scores**2 * np.log(1 - scores)).sum()
    return total, positives


def test_the_loss_of_anchors_is_that_of_a_reference():
    rng = np.random.default_rng(1)
    targets = [
        padded([0, 10, 10, 50, 40], [1, 12, 8, 55, 44], [1, 70, 20, 76, 27]),
        padded([0, 3, 2, 90, 60], [-2, 20, 20, 60, 60]),
        padded(),
    ]
    outputs = rng.normal(size=(3, len(BOXES), 6))
    sums = [reference(target, output, 2) for target, output in zip(targets, outputs, strict=True)]
    expected = sum(total for total, _ in sums) / sum(count for _, count in sums)
    assert value(AnchorLoss(SIZE, ANCHORS, 2), targets, outputs) == pytest.approx(expected, rel=1e-4)


def test_a_box_smaller_than_all_anchors_is_learned_all_the_same():
    loss = AnchorLoss(SIZE, ANCHORS, 2)
    silent = np.full((1, len(BOXES), 6), -6.0)
    found = silent.copy()
    own = overlaps(np.array([40.0, 30, 46, 36]))
    assert own.max() < 0.1
    found[0, own >= own.max() * (1 - 1e-6), 1] = 6
    target = [padded([1, 40, 30, 46, 36])]
    assert value(loss, target, found) < value(loss, target, silent)


@pytest.mark.parametrize("kind", ["anchors", "sets"])
def test_padding_and_images_without_boxes_give_finite_losses_that_padding_does_not_change(kind):
    rng = np.random.default_rng(2)
    loss = AnchorLoss(SIZE, ANCHORS, 2) if kind == "anchors" else SetLoss(SIZE, 5, 2)
    outputs = rng.normal(size=(1, len(BOXES), 6)) if kind == "anchors" else rng.random((1, 15, 6))
    row = [1, 10, 10, 50, 40]
    few, many = padded(row, most=1), padded(row, most=6)
    assert value(loss, [few], outputs) == pytest.approx(value(loss, [many], outputs), rel=1e-5)
    assert np.isfinite(value(loss, [padded()], outputs))


def queries(*boxes, score: float = 8.0) -> np.ndarray:
    """A set of five queries of two classes, the first of which are sure of the given boxes of class 1."""
    rows = np.tile([-8.0, -8.0, 0.5, 0.5, 0.1, 0.1], (5, 1))
    height, width = SIZE
    for row, (x1, y1, x2, y2) in zip(rows, boxes, strict=False):
        row[1] = score
        row[2:] = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
    return rows


@pytest.mark.slow
def test_queries_that_are_right_cost_next_to_nothing_in_whatever_order():
    loss = SetLoss(SIZE, 5, 2)
    first, second = (10, 10, 50, 40), (60, 20, 90, 60)
    target = [padded([1, *first], [1, *second])]
    right = queries(first, second)
    assert value(loss, target, [right]) == pytest.approx(0, abs=0.01)
    assert value(loss, target, [right[::-1]]) == pytest.approx(value(loss, target, [right]), rel=1e-4)
    doubled = queries(first, second, first)
    assert value(loss, target, [doubled]) > 1  # of two that say the same one is wrong
    missing = queries(first)
    assert value(loss, target, [missing]) > 1


def test_every_set_counts():
    loss = SetLoss(SIZE, 5, 2)
    box = (10, 10, 50, 40)
    target = [padded([1, *box])]
    wrong, right = queries(), queries(box)
    once = value(loss, target, [wrong])
    assert value(loss, target, [np.concatenate([wrong, right])]) == pytest.approx(once, rel=1e-3)
    assert value(loss, target, [np.concatenate([wrong, wrong])]) == pytest.approx(2 * once, rel=1e-3)


def test_in_a_crowd_nothing_is_taught_to_be_background():
    loss = SetLoss(SIZE, 5, 2)
    sure = queries((20, 20, 40, 40))
    assert value(loss, [padded()], [sure]) > 1
    assert value(loss, [padded([-2, 10, 10, 60, 60])], [sure]) == pytest.approx(0, abs=0.01)
