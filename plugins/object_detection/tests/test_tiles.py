"""Large images in tiles: every pixel is seen, and each object is found once and whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_up_outputs import say, silence
from suite import UserError
from suite.data import Dataset, Example
from suite.options import parse
from suite_object_detection.batches.augmentation import Augmentation
from suite_object_detection.batches.detection_batches import DetectionBatches
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.options import DetectionPredictionOptions, DetectorOptions
from suite_object_detection.recipes import detector_defaults, tiling_of
from suite_object_detection.survey import survey_of
from suite_object_detection.tiles.merging import Found, merge
from suite_object_detection.tiles.tiling import Tiling
from suite_object_detection.types import Detections

TILING = Tiling(side=64, overlap=0.25)
CODEC = DetectionCodec(
    classes=("cat", "dog"), size=(64, 64), strides=(8, 16, 32), tiling=TILING, mirrors=True
)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(32, 300), st.floats(0, 0.75))
def test_tiles_cover_the_image_and_overlap_as_they_should(rows, columns, side, overlap):
    tiling = Tiling(side=side, overlap=overlap)
    regions = tiling.regions(rows, columns, (32, 64))
    height, width = tiling.sides((32, 64))
    assert (width, height) == (side, round(side / 2))
    assert (regions[:, 2:] - regions[:, :2] == (min(width, columns), min(height, rows))).all()
    for axis, length, tile in ((0, columns, width), (1, rows, height)):
        starts = np.unique(regions[:, axis])
        assert starts[0] == 0
        assert starts[-1] + min(tile, length) == length
        assert (np.diff(starts) <= max(1, tile * (1 - overlap)) + 1).all()


def seen(codec: DetectionCodec, image: np.ndarray, objects: list[tuple[list[int], str, float]]) -> object:
    """What is found if the network finds, in each view, all that is visible of the objects."""
    chunks = codec.chunks(image)
    assert chunks is not None
    predictions = []
    for chunk in chunks:
        encoded = codec.encode(chunk)
        assert encoded.arrays.shape == (*codec.size, 3)
        view = codec._view(encoded.context)
        (x1, y1, x2, y2), placement = view.region, view.placement
        outputs = silence(codec)
        for box, name, score in objects:
            left, top, right, bottom = np.clip(box, (x1, y1, x1, y1), (x2, y2, x2, y2))
            if min(right - left, bottom - top) < 8:
                continue
            at = (np.array([left, top, right, bottom]) - (x1, y1, x1, y1)) * np.tile(placement[:2], 2)
            at = at + np.tile(placement[2:], 2)
            if view.mirrored:
                at = np.array([codec.size[1] - at[2], at[1], codec.size[1] - at[0], at[3]])
            say(outputs, at, name, score, codec)
        predictions.append(codec.decode(outputs, encoded.context))
    assert len(predictions) == chunks.total
    return chunks.merge(predictions)


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize(
    "box",
    [[10, 10, 30, 26], [40, 40, 62, 60], [36, 50, 92, 70], [20, 30, 132, 52], [44, 4, 60, 150]],
    ids=["in one tile", "in the overlap", "over a border", "over three tiles", "over three below another"],
)
def test_an_object_is_found_once_and_whole_wherever_it_lies(box, augment):
    codec = CODEC.with_options(DetectionPredictionOptions(augment=augment))
    found = seen(codec, np.zeros((160, 170, 3), np.uint8), [(box, "dog", 0.9)])
    assert found.labels == ["dog"]
    np.testing.assert_allclose(found.boxes, [box], atol=1.0)
    np.testing.assert_allclose(found.scores, [0.9], atol=1e-6)


def test_neighbors_of_a_class_and_objects_of_another_in_the_same_place_stay():
    objects = [([40, 40, 62, 60], "dog", 0.9), ([64, 40, 84, 60], "dog", 0.8)]
    found = seen(CODEC, np.zeros((100, 140, 3), np.uint8), objects)
    assert len(found) == 2
    boxes = np.array([[40, 40, 62, 60]] * 2, float)
    kept = merge(
        Found(boxes, np.array([0.9, 0.7]), np.array([0, 1])),
        np.tile([0, 0, 64, 64], (2, 1)),
        (100, 140),
        0.5,
        9,
    )
    assert kept.classes.tolist() == [0, 1]


def test_a_box_that_a_border_cut_gives_way_to_the_whole_one_though_its_score_is_higher():
    boxes = np.array([[50, 10, 64, 30], [49, 10, 80, 30]], float)
    regions = np.array([[0, 0, 64, 64], [44, 0, 108, 64]])
    kept = merge(Found(boxes, np.array([0.9, 0.6]), np.zeros(2, int)), regions, (64, 200), 0.5, 9)
    assert kept.boxes.tolist() == [[49, 10, 80, 30]]
    assert kept.scores.tolist() == [0.9]


def test_an_unsure_whole_box_does_not_take_the_place_of_a_sure_one_that_was_cut():
    boxes = np.array([[20, 10, 64, 30], [16, 0, 108, 64]], float)
    regions = np.array([[0, 0, 64, 64], [0, 0, 200, 64]])
    kept = merge(Found(boxes, np.array([0.9, 0.01]), np.zeros(2, int)), regions, (64, 200), 0.5, 9)
    assert kept.boxes[0].tolist() == [20, 10, 64, 30]


def test_a_small_image_is_one_tile_at_the_scale_of_all():
    (tile,) = CODEC.chunks(np.full((20, 30, 3), 7, np.uint8))
    encoded = CODEC.encode(tile)
    assert (encoded.arrays[:20, :30] == 7).all()
    assert (encoded.arrays[20:] == 128).all()
    assert (encoded.arrays[:, 30:] == 128).all()


def test_the_whole_image_is_seen_too_if_objects_are_larger_than_tiles():
    whole = DetectionCodec(
        classes=("cat", "dog"), size=(64, 64), tiling=Tiling(side=64, overlap=0.25, whole=True)
    )
    image = np.zeros((256, 256, 3), np.uint8)
    assert whole.chunks(image).total == 26
    found = seen(whole, image, [([20, 20, 220, 220], "cat", 0.8)])
    np.testing.assert_allclose(found.boxes, [[20, 20, 220, 220]], atol=1.0)
    assert whole.chunks(np.zeros((64, 50, 3), np.uint8)).total == 1


def options(**values: object) -> DetectionPredictionOptions:
    return parse(DetectionPredictionOptions, values, "prediction")


def test_tiles_of_a_trained_model_are_turned_off_or_on_at_prediction():
    assert CODEC.with_options(options(tiles="off")).tiling is None
    assert CODEC.with_options(options(tiles="off")).chunks(np.zeros((200, 200, 3), np.uint8)) is None
    assert CODEC.with_options(options(tiles=128)).tiling == Tiling(side=128, overlap=0.25)
    plain = DetectionCodec(classes=("cat",), size=(64, 64))
    assert plain.with_options(options(tiles="128", tile_overlap=0.5)).tiling == Tiling(
        side=128, overlap=0.5, whole=True
    )
    with pytest.raises(UserError, match="there are none: say how large"):
        plain.with_options(options(tile_overlap=0.5))
    with pytest.raises(UserError, match="has not learned from mirrored images"):
        plain.with_options(options(augment=True))
    assert DetectionCodec.from_json(CODEC.to_json()) == CODEC


def data(side: int, rows: int, columns: int, count: int = 3) -> Dataset:
    """Gray images with a white square each."""
    examples = []
    for index in range(count):
        image = np.full((rows, columns, 3), 90, np.uint8)
        x, y = (index * 37) % (columns - side), (index * 53) % (rows - side)
        image[y : y + side, x : x + side] = 255
        target = {"size": [rows, columns], "boxes": [[x, y, x + side, y + side]], "labels": ["cat"]}
        examples.append(Example(f"{index}.png", image, target))
    return Dataset(train=examples, facts={"classes": ["cat"]})


@pytest.mark.parametrize(
    ("side", "rows", "columns", "given", "size", "tiles"),
    [
        (29, 3000, 4000, {}, 512, 675),
        (15, 3000, 4000, {}, 512, 512),
        (29, 3000, 4000, {"size": 256}, 256, 337),
        (29, 3000, 4000, {"tiles": "off"}, (480, 640), "off"),
        (100, 480, 640, {}, (192, 256), "off"),
        (5, 480, 640, {}, (480, 640), "off"),
        (100, 480, 640, {"tiles": 200}, 224, 200),
        (4, 300, 400, {}, (320, 416), "off"),
    ],
)
def test_tiles_are_chosen_if_objects_are_below_the_finest_stride(side, rows, columns, given, size, tiles):
    chosen, _ = detector_defaults(survey_of(data(side, rows, columns)), DetectorOptions(**given))
    assert chosen["tiles"] == tiles
    if "size" not in given:
        assert chosen["size"] == size


def test_whole_images_are_seen_as_well_if_some_objects_are_as_large_as_a_tile():
    survey = survey_of(data(150, 480, 640))
    for tiles, whole in ((160, True), (320, False)):
        assert tiling_of(survey, DetectorOptions(tiles=tiles, tile_overlap=0.3)) == Tiling(
            side=tiles, overlap=0.3, whole=whole
        )


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("tile", "shown"), [(64, 16), (128, 8), (32, 32)])
def test_batches_show_tiles_at_the_scale_of_prediction(tile, shown, whole):
    """A square of 16 pixels has as many pixels of the network as in a tile at prediction."""
    codec = DetectionCodec(
        classes=("cat",), size=(64, 64), tiling=Tiling(side=tile, overlap=0.2, whole=whole), max_boxes=5
    )
    maker = DetectionBatches(codec=codec, augmentation=Augmentation())
    prepared = [maker.prepare(example) for example in data(16, 300, 400, 40).train]
    images, targets = maker.make(prepared, np.random.default_rng(0), 0.0)
    boxes = targets[targets[:, :, 0] == 0][:, 1:]
    sides = boxes[:, 2:] - boxes[:, :2]
    in_tiles = np.isclose(sides, shown, atol=0.5).all(axis=1)
    assert in_tiles.sum() >= 20  # some tiles show background, and some objects are cut
    assert whole == (sides.max(axis=1) < 4).any()
    for image, target in zip(images, targets, strict=True):
        for label, x1, y1, x2, y2 in target:
            if label == 0 and x2 - x1 > shown - 1:
                assert image[int(y1) + 2 : int(y2) - 2, int(x1) + 2 : int(x2) - 2].min() > 240
    again = maker.make(prepared, np.random.default_rng(0), 0.0)
    assert (again[0] == images).all()
    assert (again[1] == targets).all()


@pytest.mark.slow
def test_a_detector_trained_on_tiles_is_validated_scored_and_predicts_in_tiles(tmp_path: Path):
    import suite
    from suite.configuration import from_mapping
    from suite.runs.train import train

    examples = data(10, 120, 180, 12).train
    dataset = Dataset(train=examples[:8], validation=examples[8:], facts={"classes": ["cat"]})
    wanted = {
        "task": "object-detection",
        "data": "",
        "model": {"size": 64, "tiles": 64},
        "training": {"epochs": 1},
    }
    host = suite.Host()
    run = train(host, from_mapping(wanted, "the test"), dataset=dataset, out=tmp_path / "run")
    assert np.isfinite(run.history()[-1]["validation_loss"])
    assert "map" in run.metrics["validation"]
    pipeline = suite.load(run.path, host=host)
    assert pipeline.codec.chunks(examples[0].input).total == 3 * 4
    assert isinstance(pipeline.predict(examples[0].input), Detections)
