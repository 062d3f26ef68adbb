"""From a dataset and options to a pipeline: what is chosen, and that the user's word wins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data.dataset import Dataset, Example
from suite.evaluation.types import Pairs
from suite.options import as_dict, parse
from suite.training_options import TrainingOptions
from suite_object_detection.assembly import calibrated
from suite_object_detection.builders import detector
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.options import DetectorOptions
from suite_object_detection.recipes import input_size, size_for
from suite_object_detection.survey import survey_of
from suite_object_detection.types import Detections

Boxes = list[list[float]]


def data(
    height: int = 48,
    width: int = 64,
    *,
    count: int = 6,
    boxes: Boxes | None = None,
    classes: tuple[str, ...] = ("cat", "dog"),
    crowd: bool = False,
) -> Dataset:
    generator = np.random.default_rng(0)
    boxes = [[4, 4, 30, 40], [10, 10, 60, 44]] if boxes is None else boxes
    train = []
    for index in range(count):
        target = {
            "size": [height, width],
            "boxes": boxes,
            "labels": [classes[number % len(classes)] for number in range(len(boxes))],
        }
        if crowd:
            target["crowd"] = [True] * len(boxes)
        image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        train.append(Example(str(index), image, target))
    return Dataset(train=train, facts={"classes": list(classes)})


@pytest.mark.slow
@pytest.mark.backend
def test_a_pipeline_fits_together():
    dataset = data()
    pipeline = detector(dataset, DetectorOptions(size=(64, 96)))
    prepared = [pipeline.batch_maker.prepare(example) for example in dataset.train]
    images, targets = pipeline.batch_maker.make(prepared, np.random.default_rng(0), 0.0)
    outputs = np.asarray(pipeline.network(images, training=False))
    assert images.shape == (6, 64, 96, 3)
    assert np.isfinite(float(pipeline.loss(targets, outputs)))
    assert pipeline.targets(dataset.train[0].target).shape == targets.shape[1:]
    assert isinstance(pipeline.codec.decode(outputs[0], (48, 64)), Detections)


@pytest.mark.slow
@pytest.mark.backend
def test_nothing_is_left_to_be_chosen_and_the_recipe_holds_training_options():
    pipeline = detector(data(), DetectorOptions())
    assert "auto" not in as_dict(pipeline.options).values()
    training = parse(TrainingOptions, pipeline.recipe, "[training]")
    assert training.epochs != "auto"
    assert pipeline.codec.size == pipeline.network.input.shape[1:3]
    assert pipeline.codec.max_boxes == pipeline.options.max_boxes


@pytest.mark.slow
@pytest.mark.backend
def test_what_the_user_chooses_wins():
    chosen = DetectorOptions(size=96, network="nano", flip=False, mosaic=0.25, max_boxes=7, scale=(0.9, 1.1))
    pipeline = detector(data(), chosen)
    assert pipeline.codec.size == (96, 96)
    assert pipeline.codec.max_boxes == 7
    augmentation = pipeline.batch_maker.augmentation
    assert (augmentation.flip, augmentation.mosaic, augmentation.scale) == (False, 0.25, (0.9, 1.1))


@pytest.mark.slow
def test_people_are_told_of_objects_below_the_finest_stride():
    small = detector(data(480, 640, boxes=[(10, 10, 18, 18)]), DetectorOptions(size=64, tiles="off"))
    assert len(small.notes) == 1
    assert small.notes[0].startswith("6 of 6 objects of the training split are smaller than 8 pixels, the")
    assert small.notes[0].endswith("in an input of 64 x 64: tiles show them larger, --set model.tiles=512")
    assert detector(data(), DetectorOptions(size=96)).notes == []


@pytest.mark.parametrize(("size", "near"), [(100, "96 or 128"), ((64, 70), "64 or 96")])
def test_a_size_that_does_not_fit_the_strides_is_refused_with_ones_that_do(size, near):
    with pytest.raises(UserError, match=f"not a multiple of 32: take {near}"):
        input_size(DetectorOptions(size=size))


@pytest.mark.parametrize(
    ("empty", "sentence"),
    [
        (data(boxes=[]), "none of the 6 training images has a box"),
        (data(crowd=True), "all 12 boxes of the training split are marked as to be ignored"),
    ],
)
def test_data_without_any_box_is_refused(empty, sentence):
    with pytest.raises(UserError, match=sentence):
        survey_of(empty)


def test_data_without_images_is_refused():
    with pytest.raises(UserError, match="the training split holds no image"):
        survey_of(data(count=0))


def test_the_survey_counts_boxes_but_not_crowds():
    dataset = data(count=3)
    dataset.train[0].target["crowd"] = [False, True]
    found = survey_of(dataset)
    assert found.count == 3
    assert found.class_counts == (3, 2)
    assert found.per_image.tolist() == [1, 2, 2]
    assert found.sides[0].tolist() == [36, 26]
    np.testing.assert_allclose(found.relative_sides[0], np.sqrt(36 * 26) / 64)


def test_classes_told_apart_by_side_are_not_mirrored():
    assert survey_of(data(classes=("cat", "dog"))).mirrors
    assert not survey_of(data(classes=("left hand", "right hand"))).mirrors
    assert not survey_of(data(classes=("3", "7"))).mirrors


@given(
    height=st.integers(20, 4000),
    width=st.integers(20, 4000),
    share=st.floats(0.01, 1.0),
)
def test_the_input_has_about_the_proportions_of_the_images_and_fits_the_strides(height, width, share):
    target = {"size": [height, width], "boxes": [[0, 0, share * width, share * height]], "labels": ["cat"]}
    found = survey_of(Dataset(train=[Example("0", "never read", target)], facts={"classes": ["cat"]}))
    rows, columns = size_for(found)
    assert rows % 32 == columns % 32 == 0
    assert min(rows, columns) >= 32
    assert 256 <= max(rows, columns) <= 640
    wanted = min(height, width) / max(height, width)
    # Each side is rounded up, by less than 32.
    assert wanted * (max(rows, columns) - 32) <= min(rows, columns) + 0.01
    assert min(rows, columns) <= wanted * max(rows, columns) + 32


def test_smaller_boxes_get_a_larger_input_and_mixed_proportions_a_square():
    large = size_for(survey_of(data(480, 640, boxes=[[0, 0, 300, 300]])))
    small = size_for(survey_of(data(480, 640, boxes=[[0, 0, 20, 20]])))
    assert max(small) > max(large)
    upright, lying = data(480, 640), data(640, 480)
    mixed = Dataset(train=[*upright.train, *lying.train], facts=upright.facts)
    rows, columns = size_for(survey_of(mixed))
    assert rows == columns


def test_the_shipped_threshold_is_the_one_that_separates_right_from_wrong():
    right, wrong = (10.0, 10.0, 30.0, 30.0), (50.0, 10.0, 60.0, 30.0)
    pairs = Pairs(
        targets=[{"size": [48, 64], "boxes": [list(right)], "labels": ["cat"]}],
        predictions=[Detections(boxes=[right, wrong], scores=[0.8, 0.4], labels=["cat", "cat"])],
        ids=["a"],
        facts={"classes": ["cat"]},
    )
    codec = calibrated(DetectionCodec(classes=("cat",), size=(64, 64)), pairs)
    assert 0.4 < codec.threshold <= 0.8


@pytest.mark.slow
@pytest.mark.backend
def test_images_of_16_bits_that_hold_12_are_as_bright_in_training_as_in_prediction():
    known = data(boxes=[[4, 4, 30, 40]])
    half = np.full((48, 64, 3), 2048, np.uint16)
    half[0, 0] = 4095
    train = [Example(example.id, half, example.target) for example in known.train]
    calm = {"mosaic": 0.0, "color_jitter": 0.0, "clean": 1.0}
    pipeline = detector(Dataset(train=train, facts=known.facts), DetectorOptions(size=64, tiles=32, **calm))
    assert (pipeline.codec.bits, pipeline.options.bits) == (12, 12)
    prepared = pipeline.batch_maker.prepare(train[0])
    assert np.median(prepared[0][10:30]) == 128
    for raw in [half, *pipeline.codec.chunks(half)]:
        assert 128 in pipeline.codec.encode(raw).arrays
    assert survey_of(known).bits == 16


def test_an_image_of_unknown_size_does_not_change_the_choice():
    known = data()
    unknown = Example("broken", b"", {"size": [0, 0], "boxes": [], "labels": []})
    with_unknown = Dataset(train=[*known.train, unknown], facts=known.facts)
    assert size_for(survey_of(with_unknown)) == size_for(survey_of(known))
