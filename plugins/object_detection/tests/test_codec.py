"""Images to arrays, and a network's outputs to detections in the image's own pixels."""

from __future__ import annotations

import functools
import json

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import made_up_outputs
from made_up_outputs import logit
from suite import UserError
from suite.options import parse
from suite_images.resizing import LETTERBOX_GRAY, letterboxed
from suite_object_detection.box_codec import CROWD, PADDING
from suite_object_detection.codec import DetectionCodec, locations
from suite_object_detection.options import DetectionPredictionOptions
from suite_object_detection.tiles.tiling import view_of

CLASSES = ("cat", "dog", "eel")
CODEC = DetectionCodec(classes=CLASSES, size=(64, 96), strides=(8, 16), max_boxes=4)


silence = functools.partial(made_up_outputs.silence, CODEC)
say = functools.partial(made_up_outputs.say, codec=CODEC)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_box_that_the_network_predicts_comes_back_in_the_pixels_of_the_image(data):
    rows, columns = data.draw(st.integers(1, 5000)), data.draw(st.integers(1, 5000))
    scale_x, scale_y, left, top = letterboxed(rows, columns, *CODEC.size)
    inner = np.array([left, top, left + columns * scale_x, top + rows * scale_y])
    centers, strides = locations(CODEC.size, CODEC.strides)
    (inside,) = np.nonzero(np.all((centers > inner[:2]) & (centers < inner[2:]), axis=1))
    if not len(inside):
        return  # an image so thin that it lies between the centers
    anchor = int(data.draw(st.sampled_from(inside.tolist())))
    share = st.floats(0.02, 0.98)
    reach = np.minimum(
        np.abs(np.tile(centers[anchor], 2) - inner), (CODEC.bins - 1) * strides[anchor]
    ) * np.array([data.draw(share) for _ in range(4)])
    box = np.tile(centers[anchor], 2) + reach * (-1, -1, 1, 1)
    expected = (box - (left, top, left, top)) / (scale_x, scale_y, scale_x, scale_y)
    outputs = silence()
    say(outputs, box, "dog", 0.75, anchor=anchor)
    found = CODEC.decode(outputs, (rows, columns))
    assert found.labels == ["dog"]
    assert found.scores == pytest.approx([0.75])
    np.testing.assert_allclose(found.boxes[0], expected, atol=0.01)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_what_is_encoded_for_the_loss_and_predicted_by_the_network_decodes_to_the_same_boxes(
    rows, columns, data
):
    """`target` and `decode` are each other's inverse."""
    x = sorted(data.draw(st.lists(st.floats(0, columns, width=16), min_size=2, max_size=2, unique=True)))
    y = sorted(data.draw(st.lists(st.floats(0, rows, width=16), min_size=2, max_size=2, unique=True)))
    box = [x[0], y[0], x[1], y[1]]
    target = CODEC.target({"size": [rows, columns], "boxes": [box], "labels": ["eel"]})
    assert target[0, 0] == 2
    assert (target[1:, 0] == PADDING).all()
    back = CODEC._in_image(target[:1, 1:].astype(np.float64), view_of((rows, columns), *CODEC.size))
    np.testing.assert_allclose(back[0], box, atol=0.001 * max(rows, columns))


def test_encode_letterboxes_and_says_how_large_the_image_was():
    image = np.full((30, 60, 3), 200, np.uint8)
    encoded = CODEC.encode(image)
    assert encoded.arrays.shape == (64, 96, 3)
    assert encoded.arrays.dtype == np.uint8
    assert encoded.context == (30, 60)
    assert (encoded.arrays[8:56] == 200).all()
    assert (encoded.arrays[:8] == LETTERBOX_GRAY).all()
    assert (encoded.arrays[56:] == LETTERBOX_GRAY).all()


def test_a_large_photograph_is_placed_as_if_it_had_been_read_whole(tmp_path):
    """JPEGs are read smaller where that suffices, which rounds their sides."""
    rows, columns = 1003, 1597
    image = np.full((rows, columns, 3), 255, np.uint8)
    content = cv2.imencode(".jpg", image)[1].tobytes()
    encoded = CODEC.encode(content)
    assert encoded.context == (rows, columns)
    _, scale_y, _, top = letterboxed(rows, columns, *CODEC.size)
    bright = (encoded.arrays > 200).all(axis=(1, 2))
    assert bright.sum() == round(rows * scale_y)
    assert not bright[:top].any()


def test_an_image_of_one_pixel_is_encoded_and_a_box_on_it_covers_it():
    encoded = CODEC.encode(np.full((1, 1, 3), 7, np.uint8))
    assert (encoded.arrays[:, 16:80] == 7).all()
    outputs = silence()
    say(outputs, [12, -4, 84, 68], "cat", 0.9)
    assert CODEC.decode(outputs, encoded.context).boxes == [(0.0, 0.0, 1.0, 1.0)]


def test_boxes_are_clipped_to_the_image_and_those_in_the_bars_are_none():
    outputs = silence()
    size = (48, 96)  # bars of 8 rows above and below
    say(outputs, [10, 30, 40, 60], "cat", 0.9)
    say(outputs, [50, -5, 70, 7], "dog", 0.9)
    found = CODEC.decode(outputs, size)
    np.testing.assert_allclose(found.boxes, [(10, 22, 40, 48)], atol=1e-3)


def test_nothing_detected_is_an_empty_prediction():
    found = CODEC.decode(silence(), (64, 96))
    assert len(found) == 0
    assert (found.boxes, found.scores, found.labels) == ([], [], [])


def test_the_highest_scores_come_first_and_equal_ones_in_the_order_of_their_locations():
    outputs = silence()
    for box, score in (([0, 0, 12, 12], 0.5), ([30, 0, 42, 12], 0.8), ([60, 0, 72, 12], 0.5)):
        say(outputs, box, "cat", score)
    found = CODEC.decode(outputs, (64, 96))
    assert found.scores == pytest.approx([0.8, 0.5, 0.5])
    assert [round(box[0]) for box in found.boxes] == [30, 0, 60]


def test_a_box_that_overlaps_a_higher_score_of_its_class_is_left_out_and_one_of_another_class_stays():
    outputs = silence()
    say(outputs, [20, 20, 50, 50], "cat", 0.9)
    for anchor, name, score in ((40, "cat", 0.8), (41, "dog", 0.7)):
        say(outputs, [21, 20, 51, 50], name, score, anchor=anchor)
    found = CODEC.decode(outputs, (64, 96))
    assert found.labels == ["cat", "dog"]
    assert found.scores == pytest.approx([0.9, 0.7])


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1), st.floats(0.01, 0.99))
@example(0.0, 0.5)
@example(1.0, 0.5)
@example(0.5, 0.5)
def test_exactly_what_reaches_the_threshold_is_detected(threshold, score):
    codec = CODEC.with_options(DetectionPredictionOptions(threshold=threshold, classes=("cat",)))
    outputs = silence()
    outputs[:, 0] = -np.inf
    say(outputs, [20, 20, 50, 50], "cat", score)
    found = codec.decode(outputs, (64, 96))
    given_score = 1 / (1 + np.exp(-np.float64(outputs[:, 0].max())))
    assert (score in found.scores or given_score in found.scores) == (given_score >= threshold)


def test_a_location_gives_its_best_class_and_for_scoring_all_that_reach_the_threshold():
    outputs = silence()
    anchor = say(outputs, [20, 20, 50, 50], "cat", 0.6)
    outputs[anchor, 1] = logit(0.7)
    assert CODEC.decode(outputs, (64, 96)).labels == ["dog"]
    found = CODEC.for_scoring().decode(outputs, (64, 96))
    assert found.labels == ["dog", "cat"]
    assert found.scores == pytest.approx([0.7, 0.6])
    assert found.boxes[0] == found.boxes[1]


def test_scoring_sees_unsure_detections_and_only_so_many():
    outputs = silence()
    outputs[:, :3] = logit(0.002)
    rng = np.random.default_rng(0)
    outputs[:, 3:] = rng.normal(0, 5, outputs[:, 3:].shape)
    assert len(CODEC.decode(outputs, (64, 96))) == 0
    assert len(CODEC.for_scoring().decode(outputs, (64, 96))) > 30
    few = CODEC.with_options(DetectionPredictionOptions(threshold=0.001, max_detections=7))
    assert len(few.decode(outputs, (64, 96))) == 7


def test_a_user_may_choose_some_classes_only():
    outputs = silence()
    say(outputs, [20, 20, 50, 50], "cat", 0.6)
    anchor = say(outputs, [60, 20, 90, 50], "dog", 0.6)
    outputs[anchor, 2] = logit(0.4)  # it could be an eel, but is sooner taken for a dog
    codec = CODEC.with_options(DetectionPredictionOptions(classes=("eel", "cat")))
    assert codec.decode(outputs, (64, 96)).labels == ["cat"]
    with pytest.raises(UserError, match="no class 'cow': known: cat, dog, eel"):
        CODEC.with_options(DetectionPredictionOptions(classes=("cow",)))


def test_prediction_options_come_from_the_command_line_and_auto_keeps_what_is_stored():
    stored = DetectionCodec(classes=CLASSES, size=(64, 96), threshold=0.37)
    assert stored.with_options(DetectionPredictionOptions()) == stored
    options = parse(DetectionPredictionOptions, {"threshold": "0.4", "max_detections": "5"}, "--set")
    configured = stored.with_options(options)
    assert (configured.threshold, configured.max_detections) == (0.4, 5)
    with pytest.raises(UserError, match="threshold"):
        parse(DetectionPredictionOptions, {"threshold": "1.5"}, "--set")


def test_decoding_twice_gives_the_very_same_bits():
    outputs = np.random.default_rng(1).normal(0, 3, silence().shape).astype(np.float32)
    codec = CODEC.for_scoring()
    assert codec.decode(outputs, (480, 640)) == codec.decode(outputs.copy(), (480, 640))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_outputs_that_are_no_numbers_are_refused(broken):
    outputs = silence()
    anchor = say(outputs, [20, 20, 50, 50], "cat", 0.9)
    outputs[anchor, 5] = broken
    with pytest.raises(ValueError, match="weights are broken"):
        CODEC.decode(outputs, (64, 96))


def test_outputs_of_another_network_are_refused():
    with pytest.raises(ValueError, match=r"\(96, 67\).*\(120, 67\).*do not belong together"):
        CODEC.decode(np.zeros((96, 67), np.float32), (64, 96))


def test_a_crowd_is_marked_in_the_target_and_of_too_many_boxes_the_largest_stay():
    boxes = [[0, 0, side, side] for side in (10, 30, 20, 40, 50)]
    target = CODEC.target(
        {
            "size": [64, 96],
            "boxes": boxes,
            "labels": ["cat", "dog", "eel", "cat", "dog"],
            "crowd": [False, False, False, True, False],
        }
    )
    assert target.dtype == np.float32
    assert target[:, 0].tolist() == [1, 2, CROWD, 1]
    assert target[:, 3].tolist() == [30, 20, 40, 50]


def test_an_image_without_boxes_is_all_padding():
    target = CODEC.target({"size": [10, 10], "boxes": [], "labels": []})
    assert target.shape == (4, 5)
    assert (target[:, 0] == PADDING).all()


def test_an_unknown_label_in_a_target_is_named():
    with pytest.raises(UserError, match="'cow' is none of the 3 classes"):
        CODEC.target({"size": [10, 10], "boxes": [[0, 0, 1, 1]], "labels": ["cow"]})


def test_it_is_written_as_json_and_read_back_equal():
    written = json.loads(json.dumps(CODEC.to_json()))
    assert DetectionCodec.from_json(written) == CODEC


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": []}, "distinct class names"),
        ({"classes": ["a", "a"]}, "distinct class names"),
        ({"size": [60, 96]}, "not a multiple"),
        ({"size": [0, 0]}, "not a multiple"),
        ({"strides": [16, 8]}, "strides are to rise"),
        ({"strides": []}, "strides are to rise"),
        ({"bins": 1}, "bins are to be from 2 to 1024"),
        ({"bins": 10**9}, "bins are to be from 2 to 1024"),
        ({"size": [40_000, 40_000]}, "40,000 x 40,000 pixels with 3 channels is not allowed"),
        ({"max_boxes": 10**12}, "from 1 to 1,000,000"),
        ({"threshold": 1.5}, "not all from 0 to 1"),
        ({"max_detections": 0}, "from 1 to 1,000,000"),
        ({"only": ["cow"]}, "'cow' is none"),
        ({"size": "64"}, "broken"),
        ({"color": "red"}, "unknown field"),
    ],
)
def test_a_description_that_is_impossible_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        DetectionCodec.from_json({**CODEC.to_json(), **change})


def test_an_image_that_cannot_be_read_says_so():
    with pytest.raises(UserError, match="empty"):
        CODEC.encode(b"")
