"""Augmentation: where pixels go, what targets become, and that a batch is a function of its arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asked_examples import Asked
from suite.data import Example
from suite.testing import check_batch_maker
from suite_image_classification.augmentation.mixing import (
    draw_erasing,
    draw_mixing,
    erase,
    mixed_images,
    mixed_targets,
)
from suite_image_classification.augmentation.random_augment import (
    OPERATIONS,
    draw_operations,
    random_augment,
)
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.augmentation.views import Crops, translated, view_matrices, warped
from suite_image_classification.batches import MARGIN, MAX_KEPT_SCALE, ImageBatches
from suite_image_classification.codec import ImageCodec
from suite_images.color import draw_colors, recolor

CLASSES = ("cat", "dog", "eel", "fox")
EVERYTHING = Augmentation(
    crop=0.4,
    aspect_ratio=1.3,
    rotate=15,
    flip=True,
    color_jitter=0.4,
    grayscale=0.2,
    rand_augment=2,
    erase=0.5,
    mixup=0.4,
    cutmix=0.4,
)
SMALL = Augmentation(translate=0.125, flip=True, erase=0.5, mixup=0.3, cutmix=0.3)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def prepared(batches: ImageBatches, count: int = 16, height: int = 20, width: int = 28) -> list:
    return [
        batches.prepare(Example(str(i), noise(height, width, 3, seed=i), CLASSES[i % len(CLASSES)]))
        for i in range(count)
    ]


def maker(augmentation: Augmentation, **more) -> ImageBatches:
    return ImageBatches(codec=ImageCodec(classes=CLASSES, size=(16, 16)), augmentation=augmentation, **more)


@given(st.integers(-7, 7), st.integers(-7, 7), st.booleans(), st.integers(0, 7), st.integers(0, 9))
def test_translation_moves_every_pixel_by_what_it_says(down, right, flip, row, column):
    images = noise(3, 8, 10, 3)
    moved = translated(images, np.full(3, down), np.full(3, right), np.full(3, flip))
    source = images[:, :, ::-1] if flip else images
    if 0 <= row + down < 8 and 0 <= column + right < 10:
        assert (moved[:, row + down, column + right] == source[:, row, column]).all()


def test_translation_fills_the_gap_with_the_reflection():
    image = np.arange(5, dtype=np.uint8)[None, None, :, None]
    moved = translated(image, np.zeros(1, int), np.array([2]), np.array([False]))
    assert moved.ravel().tolist() == [2, 1, 0, 1, 2]


def view(image: np.ndarray, height: int, width: int, mode: str = "squash", **changes) -> np.ndarray:
    view_settings = {
        "area": np.ones(1),
        "aspect_ratio": np.ones(1),
        "position": np.full((1, 2), 0.5),
        "angle": np.zeros(1),
        "flip": np.zeros(1, bool),
    }
    view_settings |= {name: np.asarray(value) for name, value in changes.items()}
    matrices = view_matrices(np.array([image.shape[:2]]), height, width, mode, Crops(**view_settings))
    return warped([image], matrices, height, width, mode)[0]


@given(st.integers(1, 30), st.integers(1, 30))
def test_the_whole_view_is_the_image_itself(height, width):
    image = noise(height, width, 3)
    assert (view(image, height, width) == image).all()
    assert (view(image, height, width, flip=[True]) == image[:, ::-1]).all()


@given(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]))
def test_a_quarter_of_the_area_at_a_corner_is_that_corner(down, right):
    image = noise(16, 24, 3)
    seen = view(image, 8, 12, area=[0.25], position=[[down, right]])
    assert (seen == image[8 * int(down) :, 12 * int(right) :][:8, :12]).all()


def test_a_half_turn_turns_the_image_upside_down():
    image = noise(9, 9, 3)
    difference = view(image, 9, 9, angle=[180.0]).astype(int) - image[::-1, ::-1]
    assert abs(difference).max() <= 1


@pytest.mark.parametrize("mode", ["squash", "crop", "letterbox"])
def test_the_view_without_chance_is_what_the_codec_sees(mode):
    smooth = np.tile(np.linspace(0, 255, 40)[None, :, None], (24, 1, 3)).astype(np.uint8)
    codec = ImageCodec(classes=CLASSES, size=(24, 24), resize=mode)
    difference = view(smooth, 24, 24, mode).astype(int) - codec.encode(smooth)
    assert abs(difference)[:, 1:-1].mean() < 4


def mixed(images, targets, mixup, cutmix, seed):
    count, height, width = images.shape[:3]
    mixing = draw_mixing(count, height, width, mixup, cutmix, np.random.default_rng(seed))
    return mixed_images(images, mixing, range(count)), mixed_targets(targets, mixing)


@given(st.integers(0, 2**32), st.floats(0, 1), st.booleans())
def test_mixed_targets_sum_to_one_and_follow_the_pixels(seed, share, blend):
    gray = np.array([0, 80, 160, 240], np.uint8)
    images = np.broadcast_to(gray[:, None, None, None], (4, 12, 12, 3))
    targets = np.eye(4, dtype=np.float32)
    chance = (share, 0.0) if blend else (0.0, share)
    out, shares = mixed(images, targets, *chance, seed)
    assert shares.sum(axis=1) == pytest.approx(np.ones(4))
    assert (shares >= 0).all()
    # An image here is as light as its target says, whatever was mixed into it.
    assert out.mean(axis=(1, 2, 3)) == pytest.approx(shares @ gray, abs=0.6)


def test_mixing_none_changes_nothing_and_mixing_all_changes_most():
    images, targets = noise(64, 8, 8, 3), np.eye(64, dtype=np.float32)
    for chance in ((1.0, 0.0), (0.0, 1.0)):
        out, shares = mixed(images, targets, *chance, 0)
        assert (shares != targets).any(axis=1).mean() > 0.8
        assert (out != images).any(axis=(1, 2, 3)).mean() > 0.8
    out, shares = mixed(images, targets, 0.0, 0.0, 0)
    assert (out == images).all()
    assert (shares == targets).all()


@given(st.integers(0, 2**32))
def test_one_rectangle_is_erased_in_one_color(seed):
    images = np.full((1, 20, 30, 3), 7, np.uint8)
    erase(images, draw_erasing(1, 20, 30, 3, 1.0, np.random.default_rng(seed)), np.arange(1))
    changed = (images[0] != 7).any(axis=-1)
    if changed.any():  # the color may by chance be that of the image
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert len(np.unique(images[0][changed], axis=0)) == 1
        assert changed.mean() < 0.3


def test_colors_change_but_a_strength_of_zero_changes_none():
    images = noise(8, 6, 6, 3)
    same = images.copy()
    recolor(same, draw_colors(8, 0.0, 0.0, np.random.default_rng(0)), range(8))
    assert (same == images).all()
    recolor(same, draw_colors(8, 0.4, 0.0, np.random.default_rng(0)), range(8))
    assert (same != images).any(axis=(1, 2, 3)).all()


def test_lost_color_is_gray():
    images = noise(4, 6, 6, 3)
    recolor(images, draw_colors(4, 0.0, 1.0, np.random.default_rng(0)), range(4))
    assert np.ptp(images.astype(int), axis=-1).max() <= 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__.strip("_"))
@pytest.mark.parametrize("strength", [-1.0, 0.0, 1.0])
def test_every_operation_of_rand_augment_keeps_shape_and_type_and_its_input(operation, strength):
    image = noise(9, 13, 3)
    before = image.copy()
    out = operation(image, strength)
    assert out.shape == image.shape
    assert out.dtype == np.uint8
    assert (image == before).all()


def test_rand_augment_chooses_operations_for_every_image():
    images = np.repeat(noise(1, 16, 16, 3), 32, axis=0)
    random_augment(images, draw_operations(32, 2, 0.5, np.random.default_rng(0)), np.arange(32))
    assert len(np.unique(images.reshape(32, -1), axis=0)) > 16


@pytest.mark.parametrize("augmentation", [EVERYTHING, SMALL], ids=["photographs", "small"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), progress=st.floats(0, 1, exclude_max=True))
def test_a_batch_is_a_pure_function(augmentation, seed, progress):
    batches = maker(augmentation, class_weights=(1.0, 2.0, 0.5, 0.5))
    examples = prepared(batches)
    before = [(image.copy(), target.copy()) for image, target in examples]
    first = batches.make(examples, np.random.default_rng(seed), progress)
    second = batches.make(examples, np.random.default_rng(seed), progress)
    for array, again in zip(first, second, strict=True):
        assert (array == again).all()
    for (image, target), (image_before, target_before) in zip(examples, before, strict=True):
        assert (image == image_before).all()
        assert (target == target_before).all()
    images, targets, weights = first
    assert images.shape == (16, 16, 16, 3)
    assert images.dtype == np.uint8
    assert targets.shape == (16, 4)
    assert targets.dtype == np.float32
    assert weights.shape == (16,)
    assert weights.dtype == np.float32


@pytest.mark.parametrize("weights", [None, (1.0, 2.0, 0.7, 0.3)], ids=["", "weighted"])
@pytest.mark.parametrize(
    "augmentation", [EVERYTHING, SMALL, Augmentation()], ids=["photographs", "small", "none"]
)
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 13),
    bounds=st.tuples(st.integers(0, 12), st.integers(1, 13)),
)
def test_rows_of_a_batch_are_made_without_the_others(augmentation, weights, seed, count, bounds):
    batches = maker(augmentation, class_weights=weights)
    start = min(bounds[0], count - 1)
    rows = slice(start, max(start + 1, min(bounds[1], count)))
    examples = prepared(batches, count)
    whole = batches.make(examples, np.random.default_rng(seed), 0.5)
    asked = Asked(examples)
    own = batches.make_rows(asked, np.random.default_rng(seed), 0.5, rows)
    for arrays, of_whole in zip(own, whole, strict=True):
        assert arrays.dtype == of_whole.dtype
        assert (arrays == of_whole[rows]).all()
    draws = batches.draw(count, np.random.default_rng(seed), 0.5)
    assert asked.which == set(draws.sources(range(count)[rows]).tolist())
    if augmentation == Augmentation():
        assert asked.which == set(range(count)[rows])


CHOOSING = Augmentation(translate=0.125, flip=True, erase=0.5, cutmix=0.5, clean=0.3)


@pytest.mark.backend
@pytest.mark.parametrize("augmentation", [CHOOSING, Augmentation(translate=0.2)], ids=["choosing", "moving"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("progress", [0.1, 0.9])
def test_a_device_makes_the_same_batches(augmentation, seed, progress):
    batches = maker(augmentation)
    examples = prepared(batches)
    whole = batches.make(examples, np.random.default_rng(seed), progress)
    on_device = batches.on_device()
    drawn = on_device.draw(len(examples), np.random.default_rng(seed), progress)
    made = on_device.make([np.stack(column) for column in zip(*examples, strict=True)], drawn)
    for arrays, of_memory in zip(made, whole, strict=True):
        arrays = keras.ops.convert_to_numpy(arrays)
        assert arrays.dtype == of_memory.dtype
        np.testing.assert_array_equal(arrays, of_memory)


@pytest.mark.backend
def test_a_device_gives_examples_the_weights_of_their_classes():
    batches = maker(Augmentation(flip=True), class_weights=(1.0, 2.0, 0.7, 0.3))
    check_batch_maker(batches, [Example(str(i), noise(16, 16, 3, seed=i), CLASSES[i]) for i in range(4)])
    drawn = batches.on_device().draw(3, np.random.default_rng(0), 0.0)
    assert set(drawn) == {"flip", "down", "right"}


@pytest.mark.parametrize(
    "computing",
    [
        {"crop": 0.5},
        {"rotate": 5.0},
        {"color_jitter": 0.1},
        {"grayscale": 0.1},
        {"rand_augment": 1},
        {"mixup": 0.1},
    ],
    ids=str,
)
def test_what_computes_with_pixels_is_not_done_on_a_device(computing):
    assert maker(Augmentation(**computing)).on_device() is None


def test_weights_that_are_means_are_not_made_on_a_device():
    weights = (1.0, 2.0, 0.7, 0.3)
    assert maker(CHOOSING, class_weights=weights).on_device() is None


def test_without_augmentation_a_batch_is_what_the_codec_encodes():
    batches = maker(Augmentation())
    examples = [Example("a", noise(30, 20, 3), "cat"), Example("b", noise(16, 16, 3), "fox")]
    images, targets = batches.make(
        [batches.prepare(example) for example in examples], np.random.default_rng(0), 0.0
    )
    for image, example in zip(images, examples, strict=True):
        assert (image == batches.codec.encode(example.input)).all()
    assert targets.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]


def test_the_last_share_of_the_training_is_clean():
    batches = maker(Augmentation(mixup=0.5, cutmix=0.5, rand_augment=2, clean=0.25))
    examples = prepared(batches)
    _, early = batches.make(examples, np.random.default_rng(0), 0.5)
    images, late = batches.make(examples, np.random.default_rng(0), 0.75)
    assert (early.max(axis=1) < 1).any()
    assert (late.max(axis=1) == 1).all()
    assert (images == np.stack([image for image, _ in examples])).all()


def test_large_photographs_are_shrunk_once_and_others_stay_as_they_are():
    batches = maker(EVERYTHING)
    large, _ = batches.prepare(Example("a", noise(200, 300, 3), "cat"))
    assert large.shape == (round(16 * MARGIN), 30, 3)
    for shape in ((int(16 * MAX_KEPT_SCALE), 50, 3), (10, 12, 3)):
        kept, _ = batches.prepare(Example("a", noise(*shape), "cat"))
        assert kept.shape == shape


def test_class_weights_follow_the_targets():
    batches = maker(Augmentation(), class_weights=(1.0, 2.0, 3.0, 4.0))
    _, _, weights = batches.make(prepared(batches, 4), np.random.default_rng(0), 0.0)
    assert weights.tolist() == [1, 2, 3, 4]


def test_with_several_labels_the_weight_is_their_mean():
    codec = ImageCodec(classes=CLASSES, size=(16, 16), multi_label=True)
    batches = ImageBatches(codec=codec, class_weights=(1.0, 2.0, 3.0, 4.0))
    examples = [
        batches.prepare(Example("a", noise(16, 16, 3), target)) for target in (["cat", "eel"], ["fox"])
    ]
    _, _, weights = batches.make(examples, np.random.default_rng(0), 0.0)
    assert weights.tolist() == [2, 4]
