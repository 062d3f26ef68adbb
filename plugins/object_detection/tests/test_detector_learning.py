"""The network, the assignment and the loss, against plain numpy written from the papers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from suite_object_detection.box_codec import CROWD, PADDING
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.models.assignment import assign
from suite_object_detection.models.detector import NETWORKS, detector_network
from suite_object_detection.models.loss import DetectionLoss
from suite_object_detection.models.overlap import complete_overlap, overlap

SIZE = (64, 96)
STRIDES = (8, 16, 32)
CLASSES = 2
BINS = 8
LOCATIONS = 8 * 12 + 4 * 6 + 2 * 3


@pytest.fixture
def dtype_policy():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def loss_of(y_true: np.ndarray, y_pred: np.ndarray, **options: float) -> float:
    loss = DetectionLoss(SIZE, STRIDES, CLASSES, BINS, **options)
    return float(loss(y_true.astype(np.float32), y_pred.astype(np.float32)))


def outputs(rng: np.random.Generator, images: int = 2) -> np.ndarray:
    return rng.normal(0, 1.5, (images, LOCATIONS, CLASSES + 4 * BINS))


def targets(rng: np.random.Generator, images: int = 2, rows_each: int = 6, boxes: int = 4) -> np.ndarray:
    rows = np.zeros((images, rows_each, 5))
    rows[:, :, 0] = PADDING
    corner = rng.uniform(0, 40, (images, boxes, 2))
    rows[:, :boxes, 0] = rng.integers(0, CLASSES, (images, boxes))
    rows[:, :boxes, 1:3] = corner
    rows[:, :boxes, 3:] = corner + rng.uniform(6, 24, (images, boxes, 2))
    return rows


# --- The same, slowly: one location and one box after the other, in float64. -------------------------------


def plain_locations() -> list[tuple[float, float, int]]:
    return [
        ((column + 0.5) * stride, (row + 0.5) * stride, stride)
        for stride in STRIDES
        for row in range(SIZE[0] // stride)
        for column in range(SIZE[1] // stride)
    ]


def plain_overlap(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def plain_complete_overlap(a: np.ndarray, b: np.ndarray) -> float:
    value = plain_overlap(a, b)
    hull = (max(a[2], b[2]) - min(a[0], b[0])) ** 2 + (max(a[3], b[3]) - min(a[1], b[1])) ** 2
    apart = ((a[0] + a[2] - b[0] - b[2]) / 2) ** 2 + ((a[1] + a[3] - b[1] - b[3]) / 2) ** 2
    angles = np.arctan((a[2] - a[0]) / (a[3] - a[1])) - np.arctan((b[2] - b[0]) / (b[3] - b[1]))
    shape = 4 / np.pi**2 * angles**2
    return value - apart / hull - shape * shape / (1 - value + shape)


def plain_boxes(outputs: np.ndarray) -> np.ndarray:
    boxes = []
    for (x, y, stride), row in zip(plain_locations(), outputs, strict=True):
        bins = np.exp(row[CLASSES:].reshape(4, BINS))
        left, top, right, bottom = (bins / bins.sum(axis=1, keepdims=True)) @ np.arange(BINS) * stride
        boxes.append([x - left, y - top, x + right, y + bottom])
    return np.array(boxes)


def plain_assignment(
    scores: np.ndarray, boxes: np.ndarray, rows: np.ndarray, candidates: int
) -> dict[int, tuple[int, float]]:
    """Location -> (box, quality), for one image."""
    claims: dict[int, list[tuple[float, int, float]]] = {}
    for number, (kind, *box) in enumerate(rows):
        if kind < 0:
            continue
        middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        half_width, half_height = (max(12.0, side) / 2 for side in (box[2] - box[0], box[3] - box[1]))
        found = []
        for index, (x, y, _) in enumerate(plain_locations()):
            if abs(x - middle_x) <= half_width and abs(y - middle_y) <= half_height:
                value = plain_overlap(boxes[index], np.array(box))
                found.append((scores[index, int(kind)] ** 0.5 * value**6, index, value))
        for alignment, index, value in sorted(found, reverse=True)[:candidates]:
            if alignment > 0:
                claims.setdefault(index, []).append((value, number, alignment))
    owners = {index: max(claimed) for index, claimed in claims.items()}
    result = {}
    for index, (_, number, alignment) in owners.items():
        mine = [claim for claim in owners.values() if claim[1] == number]
        best = max(claim[2] for claim in mine)
        result[index] = (number, alignment / best * max(claim[0] for claim in mine))
    return result


def plain_loss(y_true: np.ndarray, y_pred: np.ndarray, candidates: int = 10) -> float:
    total, qualities = 0.0, 0.0
    for rows, outputs in zip(y_true, y_pred, strict=True):
        probabilities = 1 / (1 + np.exp(-outputs[:, :CLASSES]))
        boxes = plain_boxes(outputs)
        assigned = plain_assignment(probabilities, boxes, rows, candidates)
        for index, (x, y, stride) in enumerate(plain_locations()):
            wanted = np.zeros(CLASSES)
            if index in assigned:
                number, quality = assigned[index]
                box = rows[number, 1:]
                wanted[int(rows[number, 0])] = quality
                qualities += quality
                total += 7.5 * quality * (1 - plain_complete_overlap(boxes[index], box))
                distances = np.array([x - box[0], y - box[1], box[2] - x, box[3] - y]) / stride
                for distance, logits in zip(
                    distances.clip(0, BINS - 1), outputs[index, CLASSES:].reshape(4, BINS), strict=True
                ):
                    logs = logits - np.log(np.exp(logits).sum())
                    low = min(int(distance), BINS - 2)
                    share = distance - low
                    total -= 1.5 * quality / 4 * ((1 - share) * logs[low] + share * logs[low + 1])
            elif any(kind == CROWD and x1 <= x <= x2 and y1 <= y <= y2 for kind, x1, y1, x2, y2 in rows):
                continue
            own = probabilities[index]
            total -= 0.5 * (wanted * np.log(own) + (1 - wanted) * np.log(1 - own)).sum()
    return total / max(qualities, 1.0)


# --- Overlap ------------------------------------------------------------------------------------------------


@pytest.mark.backend
def test_overlaps_are_those_of_plain_arithmetic():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 20, (50, 2, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 30, (50, 2, 2))], axis=-1)
    first, second = boxes[:, 0].astype(np.float32), boxes[:, 1].astype(np.float32)
    for function, plain in ((overlap, plain_overlap), (complete_overlap, plain_complete_overlap)):
        expected = [plain(*pair) for pair in boxes]
        np.testing.assert_allclose(ops.convert_to_numpy(function(first, second)), expected, atol=1e-5)


def test_equal_boxes_overlap_completely_and_distant_ones_less_than_not_at_all():
    box = np.array([[10, 10, 20, 30]], np.float32)
    assert float(complete_overlap(box, box)[0]) == pytest.approx(1, abs=1e-5)
    near, far = (float(complete_overlap(box, box + shift)[0]) for shift in (50, 100))
    assert far < near < 0


# --- Assignment ---------------------------------------------------------------------------------------------


@pytest.mark.backend
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("candidates", [1, 4, 10])
def test_the_assignment_is_that_of_plain_loops(seed, candidates):
    rng = np.random.default_rng(seed)
    y_true, y_pred = targets(rng), outputs(rng)
    scores = 1 / (1 + np.exp(-y_pred[..., :CLASSES]))
    boxes = np.stack([plain_boxes(image) for image in y_pred])
    centers = np.array([location[:2] for location in plain_locations()], np.float32)
    found = assign(
        scores.astype(np.float32),
        boxes.astype(np.float32),
        y_true[..., 0].astype(np.int32),
        y_true[..., 1:].astype(np.float32),
        centers,
        candidates=candidates,
        smallest=12.0,
    )
    owned, owner, quality = (ops.convert_to_numpy(array) for array in found)
    for image in range(len(y_true)):
        expected = plain_assignment(scores[image], boxes[image], y_true[image], candidates)
        assert set(np.flatnonzero(owned[image])) == set(expected)
        for index, (number, value) in expected.items():
            assert owner[image, index] == number
            assert quality[image, index] == pytest.approx(value, rel=1e-3, abs=1e-6)
        assert (quality[image][owned[image] == 0] == 0).all()


def test_a_box_smaller_than_a_cell_that_contains_no_center_is_learned_all_the_same():
    scores = np.full((1, LOCATIONS, CLASSES), 0.5, np.float32)
    centers = np.array([location[:2] for location in plain_locations()], np.float32)
    boxes = np.concatenate([centers - 6, centers + 6], axis=1)[None]
    found = assign(
        scores, boxes, np.zeros((1, 1), np.int32), np.array([[[6.5, 6.5, 9, 9]]], np.float32), centers,
        smallest=12.0,
    )  # fmt: skip
    assert ops.convert_to_numpy(found.owned).sum() > 0


# --- Loss ---------------------------------------------------------------------------------------------------


@pytest.mark.backend
@pytest.mark.parametrize("seed", range(4))
def test_the_loss_is_that_of_plain_loops_with_crowds_and_padding(seed):
    rng = np.random.default_rng(seed)
    y_true, y_pred = targets(rng), outputs(rng)
    y_true[0, 3, 0] = CROWD
    assert loss_of(y_true, y_pred) == pytest.approx(plain_loss(y_true, y_pred), rel=1e-4)


def test_the_order_of_the_boxes_and_the_padding_between_them_do_not_matter():
    rng = np.random.default_rng(1)
    y_true, y_pred = targets(rng), outputs(rng)
    shuffled = y_true[:, rng.permutation(y_true.shape[1])]
    assert loss_of(shuffled, y_pred) == pytest.approx(loss_of(y_true, y_pred), rel=1e-5)


def test_nothing_is_taught_inside_of_a_crowd():
    y_true = np.full((1, 3, 5), PADDING, float)
    y_true[0, 0] = (CROWD, 0, 0, SIZE[1], SIZE[0])
    y_pred = np.zeros((1, LOCATIONS, CLASSES + 4 * BINS))
    assert loss_of(y_true, y_pred) == 0
    y_true[0, 0, 3] = SIZE[1] / 2
    assert loss_of(y_true, y_pred) > 0


def test_images_without_boxes_teach_that_nothing_is_there():
    y_true = np.full((2, 3, 5), PADDING, float)
    quiet, loud = (np.zeros((2, LOCATIONS, CLASSES + 4 * BINS)) for _ in range(2))
    quiet[..., :CLASSES], loud[..., :CLASSES] = -8, 2
    assert 0 < loss_of(y_true, quiet) < 0.1 < loss_of(y_true, loud) < 1000


def test_a_perfect_prediction_costs_less_than_a_shifted_one():
    y_true = np.full((1, 2, 5), PADDING, float)
    y_true[0, 0] = (1, 16, 16, 48, 48)
    good = np.zeros((1, LOCATIONS, CLASSES + 4 * BINS))
    good[..., :CLASSES] = -8
    bins = good[..., CLASSES:].reshape(1, LOCATIONS, 4, BINS)
    for index, (x, y, stride) in enumerate(plain_locations()):
        for side, distance in enumerate((x - 16, y - 16, 48 - x, 48 - y)):
            steps = np.clip(distance / stride, 0, BINS - 1)
            shares = np.maximum(1 - abs(np.arange(BINS) - steps), 0)
            bins[0, index, side] = np.log(shares + 1e-6)
    good[..., CLASSES:] = bins.reshape(1, LOCATIONS, 4 * BINS)
    shifted = good.copy()
    shifted[..., CLASSES:] = np.roll(good[..., CLASSES:], 1, axis=-1)
    assert loss_of(y_true, good) < 0.6 * loss_of(y_true, shifted)


def test_the_loss_describes_itself():
    loss = DetectionLoss(SIZE, STRIDES, CLASSES, BINS, box_weight=3.0, candidates=5)
    again = DetectionLoss.from_config(loss.get_config())
    assert again.get_config() == loss.get_config()


# --- The network --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_training_is_finite_changes_every_weight_and_lowers_the_loss(policy, dtype_policy):
    dtype_policy(policy)
    keras.utils.set_random_seed(0)
    network = detector_network(SIZE, CLASSES, width=8, depths=(1, 1, 1, 1), filters=16, bins=BINS)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)
    y_true = targets(rng).astype(np.float32)
    y_true[1, :, 0] = PADDING  # an image without boxes beside one that has some
    predicted = ops.convert_to_numpy(network(images, training=False))
    assert predicted.shape == (2, LOCATIONS, CLASSES + 4 * BINS)
    assert predicted.dtype == np.float32
    network.compile(
        keras.optimizers.Adam(1e-2),
        DetectionLoss(SIZE, STRIDES, CLASSES, BINS),
        jit_compile=keras.config.backend() == "jax",  # slow to compile elsewhere, and slow without it there
    )
    before = [np.array(weight) for weight in network.get_weights()]
    losses = [float(network.train_on_batch(images, y_true)) for _ in range(10)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    for variable, old, new in zip(network.weights, before, network.get_weights(), strict=True):
        assert np.isfinite(new).all(), variable.path
        assert (new != old).any(), variable.path


@pytest.mark.slow
def test_an_untrained_network_finds_nothing_and_its_boxes_are_about_four_cells_wide():
    network = detector_network(SIZE, CLASSES, width=8, filters=16, bins=16)
    predicted = ops.convert_to_numpy(network(np.zeros((1, *SIZE, 3), np.uint8), training=False))[0]
    assert (1 / (1 + np.exp(-predicted[:, :CLASSES])) < 0.05).all()
    codec = DetectionCodec(classes=("a", "b"), size=SIZE, threshold=0.0, iou_threshold=1.0)
    x1, y1, x2, y2 = codec.decode(predicted, (1000, 1500)).boxes[0]  # clipped, so the first ones are no wider
    assert x2 - x1 < 15.7 * 4.5 * 32
    assert y2 - y1 > 0


def test_the_codec_decodes_boxes_exactly_where_the_loss_places_them():
    rng = np.random.default_rng(2)
    predicted = outputs(rng, 1)[0]
    codec = DetectionCodec(
        classes=("a", "b"), size=SIZE, strides=STRIDES, bins=BINS, threshold=0.0, iou_threshold=1.0
    )
    expected = plain_boxes(predicted)
    anchors = np.arange(LOCATIONS)
    np.testing.assert_allclose(codec.boxes_of(predicted.astype(np.float32), anchors), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_size_of_network_can_be_built_for_one_class_and_any_proportions(name):
    network = detector_network((32, 64), 1, **NETWORKS[name])
    assert network.output.shape == (None, 4 * 8 + 2 * 4 + 2, 1 + 4 * 16)


@pytest.mark.slow
def test_the_backbone_takes_the_weights_of_a_classifier_of_photographs():
    residual = pytest.importorskip("suite_image_classification.models.residual")
    ours = {weight.path: weight.shape for weight in detector_network(SIZE, 1, width=16).weights}
    theirs = residual.photograph_residual_network(SIZE, 3, width=16).weights
    fitting = [weight.path for weight in theirs if ours.get(weight.path) == weight.shape]
    assert len(fitting) == len(theirs) - 2  # all but the logits
