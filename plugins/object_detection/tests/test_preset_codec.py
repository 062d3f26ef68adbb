"""The outputs of keras-hub's detectors become detections in the image's own pixels."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_object_detection.presets.anchors import Anchors, anchor_boxes
from suite_object_detection.presets.codec import PresetCodec

SIZE = (64, 96)
CLASSES = ("cat", "dog")
ANCHORS = Anchors(levels=(3, 4))
ROWS = len(anchor_boxes(SIZE, ANCHORS))


def with_anchors(**changes) -> PresetCodec:
    return PresetCodec(
        **{"classes": CLASSES, "size": SIZE, "anchors": ANCHORS, "rows": ROWS, "predictions": ROWS} | changes
    )


def with_queries(**changes) -> PresetCodec:
    return PresetCodec(
        **{"classes": CLASSES, "size": SIZE, "anchors": None, "rows": 6, "predictions": 2} | changes
    )


def nothing(codec: PresetCodec) -> np.ndarray:
    """The outputs of a network that sees nothing."""
    outputs = np.zeros((codec.rows, len(codec.classes) + 4), np.float32)
    outputs[:, : len(codec.classes)] = -20
    return outputs


def test_there_is_an_anchor_for_every_scale_and_ratio_at_every_cell():
    assert ROWS == 9 * (8 * 12 + 4 * 6)
    first = anchor_boxes(SIZE, ANCHORS)[:9]
    sides = first[:, 2:] - first[:, :2]
    assert (first[:, :2] == -first[:, 2:]).all()
    assert sides.prod(axis=1) == pytest.approx(np.tile([32**2, 40**2, 50**2], 3), rel=0.05)
    assert (sides[:, 1] / sides[:, 0]) == pytest.approx(np.repeat([0.5, 1, 2], 3), rel=0.05)


@pytest.mark.parametrize("size", [(64, 64), (96, 160), (800, 800), (480, 640)])
@pytest.mark.parametrize(
    "anchors", [Anchors(), Anchors(levels=(2, 3, 4), scales=2, ratios=(0.7, 1.5), side=3.0)]
)
def test_anchors_are_those_of_keras_hub(size, anchors):
    keras_hub = pytest.importorskip("keras_hub", reason="needs keras-suite[presets]")
    generator = keras_hub.layers.AnchorGenerator(
        "xyxy",
        min_level=anchors.levels[0],
        max_level=anchors.levels[-1],
        num_scales=anchors.scales,
        aspect_ratios=list(anchors.ratios),
        anchor_size=anchors.side,
    )
    levels = generator(np.zeros((1, *size, 3), np.float32))
    theirs = np.concatenate([np.asarray(level) for level in levels.values()])
    assert (anchor_boxes(size, anchors) == theirs).all()


@given(
    row=st.integers(0, ROWS - 1),
    corner=st.tuples(st.floats(0, 150), st.floats(0, 90)),
    sides=st.tuples(st.floats(4, 40), st.floats(4, 30)),
)
def test_a_box_coded_against_its_anchor_comes_back_in_the_pixels_of_the_image(row, corner, sides):
    codec = with_anchors()
    height, width = 128, 192  # twice the network's input
    box = np.array([*corner, *np.add(corner, sides)])
    x1, y1, x2, y2 = box / 2
    left, top, right, bottom = anchor_boxes(SIZE, ANCHORS)[row].astype(float)
    outputs = nothing(codec)
    outputs[row] = [
        -20,
        3,
        ((x1 + x2) / 2 - (left + right) / 2) / (right - left),
        ((y1 + y2) / 2 - (top + bottom) / 2) / (bottom - top),
        np.log((x2 - x1) / (right - left)),
        np.log((y2 - y1) / (bottom - top)),
    ]
    found = codec.decode(outputs, (height, width))
    assert found.labels == ["dog"]
    assert found.scores == pytest.approx([1 / (1 + np.exp(-3))])
    assert found.boxes[0] == pytest.approx(np.clip(box, 0, [width, height, width, height]), abs=1e-3)


def test_without_anchors_a_box_is_its_middle_and_sides_as_shares_and_only_the_last_rows_are_predictions():
    codec = with_queries()
    outputs = nothing(codec)
    outputs[0, 0] = 5  # of an earlier layer
    outputs[5] = [2, -20, 0.5, 0.5, 0.25, 0.5]
    found = codec.decode(outputs, (640, 960))
    assert found.labels == ["cat"]
    assert found.boxes == [pytest.approx((360, 160, 600, 480))]


def test_no_weights_make_a_box_that_is_not_finite():
    codec = with_anchors()
    outputs = nothing(codec)
    outputs[0] = [4, -20, 0, 0, 1e30, 1e30]
    assert codec.decode(outputs, SIZE).boxes == [(0, 0, 96, 64)]


def test_outputs_of_another_network_and_broken_ones_are_refused():
    codec = with_anchors()
    with pytest.raises(ValueError, match="do not belong together"):
        codec.decode(nothing(with_queries()), SIZE)
    for value in (np.nan, np.inf):
        broken = nothing(codec)
        broken[3] = [4, -20, value, 0, 0, 0]
        with pytest.raises(ValueError, match="weights are broken"):
            codec.decode(broken, SIZE)


@pytest.mark.parametrize("codec", [with_anchors(), with_queries()])
def test_a_codec_is_the_same_after_json(codec):
    assert PresetCodec.from_json(json.loads(json.dumps(codec.to_json()))) == codec
    assert type(codec.for_scoring()) is PresetCodec
    assert codec.for_scoring().rows == codec.rows


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"predictions": 7}, "7 cannot be predictions"),
        ({"rows": 5, "anchors": {"levels": [3]}}, "anchors are not as many"),
        ({"classes": ["cat", "cat"]}, "distinct class names"),
        ({"threshold": 2}, "thresholds"),
        ({"anchors": 3}, "anchors"),
        ({"rows": 10**12, "predictions": 1}, "rows are more than 10,000,000"),
        ({"anchors": {"levels": [60]}}, "levels"),
        ({"anchors": {"scales": 10**9}}, "1000000000 scales"),
        ({"size": [40_000, 40_000]}, "is not allowed"),
    ],
)
def test_an_impossible_description_is_refused(changes, what):
    with pytest.raises(UserError, match=what):
        PresetCodec.from_json(msgspec.to_builtins(with_queries()) | changes)
