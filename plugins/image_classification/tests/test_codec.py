"""Images to arrays of one size, and logits to classifications."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_image_classification.codec import ImageCodec
from suite_image_classification.options import ImagePredictionOptions
from suite_images.resizing import LETTERBOX_GRAY, fit

CLASSES = ("cat", "dog", "eel")


def halves(height: int, width: int) -> np.ndarray:
    """Left half red, right half blue."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = 255
    image[:, width // 2 :, 2] = 255
    return image


@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["squash", "crop", "letterbox"]),
)
def test_every_image_fits_exactly_and_a_plain_one_stays_plain(rows, columns, height, width, mode):
    plain = np.full((rows, columns, 3), LETTERBOX_GRAY, np.uint8)
    fitted = fit(plain, height, width, mode)
    assert fitted.shape == (height, width, 3)
    assert fitted.dtype == np.uint8
    assert (fitted == LETTERBOX_GRAY).all()


def test_squash_shows_all_of_the_image():
    fitted = fit(halves(40, 80), 20, 20, "squash")
    assert (fitted[:, :10] == [255, 0, 0]).all()
    assert (fitted[:, 10:] == [0, 0, 255]).all()


def test_crop_keeps_proportions_and_cuts_from_both_ends():
    image = np.zeros((20, 60, 3), np.uint8)
    image[:, 20:40] = 200  # the middle square
    assert (fit(image, 10, 10, "crop") == 200).all()


def test_letterbox_keeps_all_and_fills_up_with_gray():
    fitted = fit(np.full((20, 40, 3), 200, np.uint8), 20, 20, "letterbox")
    assert (fitted[5:15] == 200).all()
    assert (fitted[:5] == LETTERBOX_GRAY).all()
    assert (fitted[15:] == LETTERBOX_GRAY).all()


def test_shrinking_averages_over_areas():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 200
    assert (fit(stripes, 8, 8, "squash") == 100).all()


def test_an_image_of_the_right_size_is_not_changed():
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    for mode in ("squash", "crop", "letterbox"):
        assert (fit(image, 16, 24, mode) == image).all()


def test_encode_reads_files_bytes_and_arrays_alike(tmp_path):
    codec = ImageCodec(classes=CLASSES, size=(12, 16))
    image = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    content = cv2.imencode(".png", image[:, :, ::-1])[1].tobytes()
    (tmp_path / "a.png").write_bytes(content)
    expected = codec.encode(image)
    assert expected.shape == (12, 16, 3)
    assert (codec.encode(content) == expected).all()
    assert (codec.encode(tmp_path / "a.png") == expected).all()


def test_encode_refuses_what_is_no_image():
    with pytest.raises(UserError, match="image"):
        ImageCodec(classes=CLASSES, size=(8, 8)).encode(b"Dear reader, this is a letter.")


def test_logits_become_a_classification_and_targets_ones_and_zeros():
    single = ImageCodec(classes=CLASSES, size=(8, 8))
    assert single.decode(np.array([0, 5, 0], np.float32)).label == "dog"
    assert single.target("dog").tolist() == [0, 1, 0]
    several = ImageCodec(classes=CLASSES, size=(8, 8), multi_label=True)
    assert several.decode(np.array([1, -1, 0], np.float32)).label == ["cat", "eel"]
    assert several.target(["eel", "cat"]).tolist() == [1, 0, 1]


def test_json_holds_all_of_it():
    codec = ImageCodec(classes=CLASSES, size=(8, 12), multi_label=True, resize="letterbox")
    assert ImageCodec.from_json(json.loads(json.dumps(codec.to_json()))) == codec


@pytest.mark.parametrize(
    "change",
    [
        {"size": [8]},
        {"classes": []},
        {"classes": ["a", "a"]},
        {"resize": "fold"},
        {"size": [0, 8]},
        {"size": [40_000, 40_000]},
        {"size": [16_000, 16_000]},
        {"channels": 10**9},
        {"bits": 1000},
        {"x": 1},
    ],
)
def test_broken_json_is_refused(change):
    json = ImageCodec(classes=CLASSES, size=(8, 8)).to_json() | change
    with pytest.raises(UserError, match="codec's description is broken"):
        ImageCodec.from_json(json)


def test_mirrored_images_are_seen_too_if_wanted_and_the_network_knows_them():
    codec = ImageCodec(classes=("left", "right"), size=(2, 4), mirrors=True)
    both = codec.with_options(ImagePredictionOptions(augment=True))
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert codec.chunks(image) is None
    first, second = [both.encode(view) for view in both.chunks(image)]
    assert (first == image).all()
    assert (second == image[:, ::-1]).all()
    predictions = [both.decode([2.0, 0.0]), both.decode([0.0, 1.0])]
    merged = both.chunks(image).merge(predictions)
    assert merged.label == "left"
    assert merged.scores["left"] == pytest.approx(
        (predictions[0].scores["left"] + predictions[1].scores["left"]) / 2
    )
    with pytest.raises(UserError, match="has not learned from mirrored images"):
        ImageCodec(classes=("a", "b"), size=(2, 4)).with_options(ImagePredictionOptions(augment=True))
