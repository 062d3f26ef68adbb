"""Images of any number of channels and of 16 bits: all of them is read, augmented, tiled and explained."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite.evaluation import Pairs
from suite_object_detection.batches.augmentation import Augmentation
from suite_object_detection.batches.detection_batches import DetectionBatches
from suite_object_detection.batches.geometry import paint
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.explanation import explain
from suite_object_detection.options import DetectorOptions
from suite_object_detection.recipes import detector_defaults, settled
from suite_object_detection.survey import survey_of
from suite_object_detection.tiles.tiling import Tiling
from suite_object_detection.types import Detections

COLORLESS = Augmentation(
    scale=(0.5, 2.0), translate=0.2, aspect_ratio=1.3, rotate=20, shear=5, flip=True, mosaic=0.6, mixup=0.5
)


def image(channels: int, dtype: type = np.uint8) -> np.ndarray:
    pixels = np.random.default_rng(channels).integers(0, 100, (60, 80, channels)).astype(dtype)
    pixels[20:40, 30:50] = 200
    return pixels


def example(channels: int, number: int = 0) -> Example:
    target = {"size": [60, 80], "boxes": [[30.0, 20.0, 50.0, 40.0]], "labels": ["square"]}
    return Example(f"{number}", image(channels), target)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_each_channel_is_painted_as_a_gray_image_would_be(channels):
    matrix = np.array([[0.4, 0.1, 3.0], [-0.1, 0.45, 9.0]])
    whole, region = np.zeros((32, 32, channels), np.uint8), np.array([2, 3, 30, 31])
    paint(image(channels), matrix, whole, region)
    for channel in range(channels):
        alone = np.zeros((32, 32, 3), np.uint8)
        paint(np.repeat(image(channels)[:, :, channel : channel + 1], 3, axis=2), matrix, alone, region)
        assert np.abs(alone[:, :, 0].astype(int) - whole[:, :, channel]).max() <= 5  # as OpenCV rounds


@pytest.mark.parametrize("channels", [1, 5])
def test_batches_and_tiles_have_all_channels(channels):
    codec = DetectionCodec(classes=("square",), size=(64, 64), channels=channels)
    for tiling in (None, Tiling(side=32, overlap=0.2, whole=True)):
        own = msgspec.structs.replace(codec, tiling=tiling)
        batches = DetectionBatches(codec=own, augmentation=COLORLESS)
        prepared = [batches.prepare(example(5 if channels == 5 else 3, number)) for number in range(4)]
        images, targets = batches.make(prepared, np.random.default_rng(0), 0.0)
        assert images.shape == (4, 64, 64, channels)
        assert images.dtype == np.uint8
        assert (targets[:, 0, 0] >= 0).any()
    views = list(own.chunks(image(5 if channels == 5 else 3)))
    assert len(views) > 2
    assert {own.encode(view).arrays.shape for view in views} == {(64, 64, channels)}
    assert own.signature().inputs.shape == (64, 64, channels)
    with pytest.raises(UserError, match="has 4 channels, not 5"):
        msgspec.structs.replace(codec, channels=5).encode(image(4))


def test_the_data_says_how_many_channels_there_are_and_colors_are_left_alone():
    dataset = Dataset(train=[example(5, number) for number in range(3)], facts={"classes": ["square"]})
    survey = survey_of(dataset)
    assert survey.channels == 5
    options = settled(DetectorOptions(), detector_defaults(survey, DetectorOptions())[0])
    assert (options.channels, options.color_jitter, options.grayscale) == (5, 0, 0)
    asked = DetectorOptions(color_jitter=0.2)
    with pytest.raises(
        UserError, match="model.color_jitter changes colors, but images of 5 channels have none"
    ):
        settled(asked, detector_defaults(survey, asked)[0])


@pytest.mark.parametrize(
    ("channels", "dtype", "bits"), [(5, np.uint8, 16), (1, np.uint16, 8), (3, np.uint8, 16)]
)
def test_explanations_see_what_the_network_sees(channels, dtype, bits):
    codec = DetectionCodec(classes=("square",), size=(64, 64), channels=channels, bits=bits)
    seen: list[np.ndarray] = []

    def detect(images):
        images = list(images)
        seen.extend(images)
        return [
            Detections(boxes=[(30, 20, 50, 40)], scores=[float(view.max()) / 255], labels=["square"])
            for view in images
        ]

    pairs = Pairs(
        [example(channels).target], detect([image(3)]), ["0"],
        examples=[Example("0", image(channels, dtype), None)],
        facts={"classes": ["square"], **codec.scoring_facts()},
    )  # fmt: skip
    assert len(explain(pairs, detect)[0].items) == 1
    assert seen[1].shape == (60, 80, channels)
    assert seen[1].max() == 200
