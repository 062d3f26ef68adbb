"""Augmentation: boxes go where the pixels go, and a batch is a function of its arguments."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asked_examples import Asked
from rectangles import extent, of_class, painted
from suite import UserError
from suite.data.dataset import Example
from suite_images.resizing import LETTERBOX_GRAY
from suite_object_detection.batches.augmentation import Augmentation
from suite_object_detection.batches.detection_batches import MARGIN, MIN_SIDE, DetectionBatches, padded
from suite_object_detection.batches.mixup import draw_mixing, mixed
from suite_object_detection.box_codec import CROWD, PADDING
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.tiles.tiling import Tiling

CLASSES = ("red", "green", "blue")
HEIGHT, WIDTH = 96, 128
EVERYTHING = Augmentation(
    scale=(0.5, 2.0),
    translate=0.2,
    aspect_ratio=1.3,
    rotate=20,
    shear=5,
    flip=True,
    flip_vertical=True,
    quarter_turns=True,
    color_jitter=0.4,
    grayscale=0.2,
    mosaic=0.6,
    mixup=0.5,
)
UPRIGHT = msgspec.structs.replace(
    EVERYTHING, rotate=0.0, shear=0.0, color_jitter=0.0, grayscale=0.0, mixup=0.0
)


NOTHING = Augmentation()
CODEC = DetectionCodec(classes=CLASSES, size=(HEIGHT, WIDTH), max_boxes=60)


def maker(augmentation: Augmentation = NOTHING, max_boxes: int | None = None) -> DetectionBatches:
    return DetectionBatches(codec=CODEC, augmentation=augmentation, max_boxes=max_boxes)


def scene(rng: np.random.Generator, height: int | None = None, width: int | None = None) -> Example:
    """An image of any size with up to twelve rectangles that do not touch."""
    height, width = height or int(rng.integers(40, 200)), width or int(rng.integers(40, 200))
    boxes, classes = [], []
    for row in range(3):
        for column in range(4):
            if rng.random() < 0.6:
                top, left = row * height // 3, column * width // 4
                rows, columns = rng.integers(4, [height // 3 - 4, width // 4 - 2])
                y, x = top + rng.integers(1, height // 3 - rows), left + rng.integers(1, width // 4 - columns)
                boxes.append([int(x), int(y), int(x + columns), int(y + rows)])
                classes.append(int(rng.integers(0, 3)))
    labels = [CLASSES[of] for of in classes]
    target = {"size": [height, width], "boxes": boxes, "labels": labels}
    return Example("made up", painted(boxes, classes, height, width), target)


def batch(batches: DetectionBatches, examples, seed: int = 0, progress: float = 0.0):
    prepared = [batches.prepare(example) for example in examples]
    return batches.make(prepared, np.random.default_rng(seed), progress)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_in_an_augmented_batch_every_box_has_its_pixels_and_all_pixels_their_box(seed):
    rng = np.random.default_rng(seed)
    seen_images, targets = batch(maker(UPRIGHT), [scene(rng) for _ in range(4)], seed)
    for image, target in zip(seen_images, targets, strict=True):
        masks = np.stack([of_class(image, of) for of in range(3)])
        explained = np.zeros_like(masks)
        for of, *box in target:
            if of == PADDING:
                continue
            x1, y1, x2, y2 = np.rint(box).astype(int)
            around = np.s_[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1]
            explained[slice(None) if of == CROWD else int(of), *around] = True
            if of >= 0 and min(box[2] - box[0], box[3] - box[1]) >= 3:
                within = masks[int(of), y1:y2, x1:x2]
                assert extent(within) == pytest.approx([0, 0, x2 - x1, y2 - y1], abs=1)
        assert not (masks & ~explained).any()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 5), progress=st.floats(0, 1, exclude_max=True))
def test_a_batch_is_a_pure_function_and_every_box_lies_inside_of_its_image(seed, count, progress):
    rng = np.random.default_rng(seed)
    batches = maker(EVERYTHING)
    examples = [batches.prepare(scene(rng)) for _ in range(count)]
    before = [tuple(array.copy() for array in example) for example in examples]
    first = batches.make(examples, np.random.default_rng(seed), progress)
    second = batches.make(examples, np.random.default_rng(seed), progress)
    for made, again in zip(first, second, strict=True):
        assert (made == again).all()
    for example, copy in zip(examples, before, strict=True):
        for array, before_it in zip(example, copy, strict=True):
            assert (array == before_it).all()
    seen_images, targets = first
    assert seen_images.shape == (count, HEIGHT, WIDTH, 3)
    assert seen_images.dtype == np.uint8
    assert targets.shape == (count, 60, 5)
    assert targets.dtype == np.float32
    assert np.isin(targets[:, :, 0], [PADDING, CROWD, 0, 1, 2]).all()
    boxes = targets[targets[:, :, 0] != PADDING][:, 1:]
    assert (boxes >= 0).all()
    assert (boxes <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    objects = targets[targets[:, :, 0] >= 0][:, 1:]
    assert ((objects[:, 2:] - objects[:, :2]) >= MIN_SIDE - 0.1).all()


def test_other_randomness_gives_other_batches():
    batches = maker(EVERYTHING)
    examples = [scene(np.random.default_rng(seed)) for seed in range(4)]
    (first_image, first_target), (second_image, second_target) = (batch(batches, examples, s) for s in (0, 1))
    assert (first_image != second_image).any(axis=(1, 2, 3)).all()
    assert (first_target != second_target).any(axis=(1, 2)).all()


@given(seed=st.integers(0, 2**32), height=st.integers(1, 300), width=st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_without_augmentation_a_batch_is_what_the_codec_encodes(seed, height, width):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    x, y = np.sort(rng.uniform(0, width, (5, 2))), np.sort(rng.uniform(0, height, (5, 2)))
    boxes = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)
    target = {"size": [height, width], "boxes": boxes.tolist(), "labels": ["blue"] * 5}
    (seen_image,), (rows,) = batch(maker(), [Example("a", image, target)])
    assert (seen_image == CODEC.encode(image).arrays).all()
    assert rows == pytest.approx(CODEC.target(target), abs=1e-4)


def test_a_view_on_which_nothing_random_happened_lies_as_the_codec_lays_it():
    example = scene(np.random.default_rng(3), 150, 90)
    turning = maker(Augmentation(mosaic=0.5, clean=1.0))
    (image,), (rows,) = batch(turning, [example])
    (plain,), (plain_rows,) = batch(maker(), [example])
    assert rows == pytest.approx(plain_rows, abs=1)
    assert abs(image.astype(int) - plain).mean() < 3


def test_mirrored_images_have_mirrored_boxes():
    example = scene(np.random.default_rng(0))
    (plain,), (rows,) = batch(maker(), [example])
    flips = [batch(maker(Augmentation(flip=True)), [example], seed) for seed in range(8)]
    mirrored = [(p[0], t[0]) for p, t in flips if (p[0] != plain).any()]
    assert 0 < len(mirrored) < 8
    boxed = rows[:, 0] >= 0
    for image, target in mirrored:
        assert (image == plain[:, ::-1]).all()
        assert target[boxed][:, [1, 3]] == pytest.approx(WIDTH - rows[boxed][:, [3, 1]])
        assert target[boxed][:, [0, 2, 4]] == pytest.approx(rows[boxed][:, [0, 2, 4]])


def test_quarter_turns_keep_the_size_of_objects():
    target = {"size": [HEIGHT, WIDTH], "boxes": [[30, 40, 50, 50]], "labels": ["red"]}
    example = Example("a", painted([[30, 40, 50, 50]], [0], HEIGHT, WIDTH), target)
    _, targets = batch(maker(Augmentation(quarter_turns=True)), [example] * 16)
    sides = {tuple(side) for side in (targets[:, 0, 3:] - targets[:, 0, 1:3]).round(3).tolist()}
    assert sides == {(20, 10), (10, 20)}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_cut_image_keeps_one_of_its_objects_whole(seed):
    rng = np.random.default_rng(seed)
    boxes = [[10, 10, 20, 20], [150, 80, 160, 90], [90, 50, 100, 60]]
    target = {"size": [96, 192], "boxes": boxes, "labels": list(CLASSES)}
    example = Example("a", painted(boxes, range(3), 96, 192), target)
    _, (rows,) = batch(maker(Augmentation(scale=(3.0, 5.0), translate=0.4)), [example], int(rng.integers(99)))
    sides = rows[rows[:, 0] >= 0][:, 3:] - rows[rows[:, 0] >= 0][:, 1:3]
    whole = abs(sides[:, 0] - sides[:, 1]) < 0.01  # they are squares
    assert (whole & (sides[:, 0] > 19)).any()


def test_of_boxes_that_are_cut_away_the_rest_is_a_region_that_counts_neither_way():
    # At one and a half times its size four ninths of the box are left.
    image = (np.zeros((96, 128, 3), np.uint8), np.array([[0, 0, 128, 96]], np.float32), np.array([1]))
    rows = {}
    for visible in (0.1, 0.9):
        batches = maker(Augmentation(scale=(1.5, 1.5), visible=visible))
        _, (target,) = batches.make([image], np.random.default_rng(0), 0.0)
        rows[visible] = target[target[:, 0] != PADDING]
    assert rows[0.1].tolist() == [[1, 0, 0, WIDTH, HEIGHT]]
    assert rows[0.9].tolist() == [[CROWD, 0, 0, WIDTH, HEIGHT]]


def test_tiny_objects_count_as_long_as_augmentation_did_not_make_them_tiny():
    target = {"size": [HEIGHT, WIDTH], "boxes": [[5, 5, 6, 6], [20, 20, 23, 23]], "labels": ["red", "green"]}
    example = Example("a", np.zeros((HEIGHT, WIDTH, 3), np.uint8), target)
    _, (plain,) = batch(maker(), [example])
    assert plain[:2, 0].tolist() == [0, 1]
    _, (shrunk,) = batch(maker(Augmentation(scale=(0.5, 0.5))), [example])
    assert shrunk[:2, 0].tolist() == [CROWD, CROWD]
    _, (grown,) = batch(maker(Augmentation(scale=(2.0, 2.0))), [example], seed=4)
    assert (grown[:, 0] >= 0).any()


@pytest.mark.parametrize("augmentation", [NOTHING, EVERYTHING], ids=["plain", "everything"])
def test_crowds_move_as_regions_that_count_neither_way(augmentation):
    boxes = [[0, 0, 60, 90], [60, 0, 120, 90]]
    target = {"size": [90, 120], "boxes": boxes, "labels": ["red", "blue"], "crowd": [True, False]}
    example = Example("a", painted(boxes, [0, 2], 90, 120), target)
    batches = maker(augmentation)
    assert batches.prepare(example)[2].tolist() == [CROWD, 2]
    for seed in range(5):
        _, targets = batch(batches, [example] * 3, seed)
        assert not (targets[:, :, 0] == 0).any()
        assert (targets[:, :, 0] == CROWD).any()


@pytest.mark.parametrize("augmentation", [NOTHING, EVERYTHING], ids=["plain", "everything"])
def test_images_without_objects_and_images_of_one_pixel_are_images_too(augmentation):
    empty = Example("a", np.zeros((50, 70, 3), np.uint8), {"size": [50, 70], "boxes": [], "labels": []})
    dot = Example(
        "b", np.full((1, 1, 3), 9, np.uint8), {"size": [1, 1], "boxes": [[0, 0, 1, 1]], "labels": ["red"]}
    )
    line = Example("c", np.zeros((1, 3000, 3), np.uint8), {"size": [1, 3000], "boxes": [], "labels": []})
    for examples in ([empty], [empty, empty], [dot], [empty, dot, line]):
        seen_images, targets = batch(maker(augmentation), examples)
        assert len(seen_images) == len(targets) == len(examples)
        if dot not in examples:
            assert (targets[:, :, 0] == PADDING).all()


def test_a_batch_of_one_is_a_mosaic_of_one_image():
    example = scene(np.random.default_rng(1), 96, 128)
    _, (plain,) = batch(maker(), [example])
    _, (rows,) = batch(maker(Augmentation(mosaic=1.0, mosaic_scale=(0.25, 0.25), visible=0.9)), [example])
    assert (rows[:, 0] != PADDING).sum() == 4 * (plain[:, 0] != PADDING).sum()


def test_the_last_share_of_the_training_is_clean():
    batches = maker(Augmentation(mosaic=1.0, mixup=1.0, rotate=30, shear=10, clean=0.25))
    examples = [scene(np.random.default_rng(seed), HEIGHT, WIDTH) for seed in range(4)]
    early, _ = batch(batches, examples, progress=0.74)
    late, targets = batch(batches, examples, progress=0.75)
    plain, plain_targets = batch(maker(), examples)
    assert (early != plain).any(axis=(1, 2, 3)).all()
    assert (late == plain).all()
    assert targets == pytest.approx(plain_targets, abs=1e-4)


def test_of_ten_thousand_boxes_the_largest_stay_in_their_order():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 80, (10_000, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0.5, 10, (10_000, 2))], axis=1)
    target = {"size": [HEIGHT, WIDTH], "boxes": boxes.tolist(), "labels": ["red"] * 10_000}
    example = Example("a", np.zeros((HEIGHT, WIDTH, 3), np.uint8), target)
    _, (rows,) = batch(maker(max_boxes=100), [example])
    assert rows.shape == (100, 5)
    sizes = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    largest = np.sort(np.argsort(sizes)[-100:])
    assert rows[:, 1:] == pytest.approx(boxes[largest], abs=1e-3)
    _, targets = batch(maker(EVERYTHING, max_boxes=100), [example, example])
    assert targets.shape == (2, 100, 5)


def test_objects_come_before_crowds_if_there_are_too_many():
    rows = np.array([[CROWD, 0, 0, 50, 50], [1, 0, 0, 2, 2], [2, 0, 0, 9, 9], [0, 0, 0, 3, 3]], np.float32)
    assert padded(rows, 2)[:, 0].tolist() == [2, 0]
    assert padded(rows, 3)[:, 0].tolist() == [1, 2, 0]
    assert padded(rows, 5)[:, 0].tolist() == [CROWD, 1, 2, 0, PADDING]


def test_large_photographs_are_prepared_a_little_larger_than_the_network_sees_them():
    batches = maker(Augmentation(mosaic=1.0))
    target = {"size": [600, 800], "boxes": [[0, 300, 400, 600]], "labels": ["red"]}
    image, boxes, _ = batches.prepare(Example("a", np.zeros((600, 800, 3), np.uint8), target))
    assert image.shape == (HEIGHT * MARGIN, WIDTH * MARGIN, 3)
    assert boxes.tolist() == [[0, 60, 80, 120]]
    small = np.zeros((70, 100, 3), np.uint8)
    kept, _, _ = batches.prepare(Example("b", small, {"size": [70, 100], "boxes": [], "labels": []}))
    assert kept.shape == small.shape


@pytest.mark.parametrize("augmentation", [NOTHING, EVERYTHING], ids=["plain", "everything"])
def test_an_image_that_is_not_of_the_annotated_size_is_named(augmentation):
    target = {"size": [480, 640], "boxes": [[0, 0, 5, 5]], "labels": ["red"]}
    with pytest.raises(UserError, match=r"a\.jpg has 480 x 640 pixels, but is annotated as of 640 x 480"):
        maker(augmentation).prepare(Example("a.jpg", np.zeros((640, 480, 3), np.uint8), target))


@pytest.mark.parametrize("augmentation", [NOTHING, EVERYTHING], ids=["plain", "everything"])
def test_an_image_that_cannot_be_read_says_why_if_loaders_found_no_size_either(augmentation):
    target = {"size": [0, 0], "boxes": [], "labels": []}
    with pytest.raises(UserError, match="is text, not an image"):
        maker(augmentation).prepare(Example("a.jpg", b"no image", target))


def test_a_class_that_the_network_does_not_know_is_named():
    target = {"size": [10, 10], "boxes": [[0, 0, 5, 5]], "labels": ["violet"]}
    with pytest.raises(UserError, match=r"a\.jpg: 'violet' is none of the classes red, green, blue"):
        maker().prepare(Example("a.jpg", np.zeros((10, 10, 3), np.uint8), target))


def test_blended_images_have_the_boxes_of_both():
    levels = np.array([0, 100, 200], np.uint8)
    batch_of_three = np.broadcast_to(levels[:, None, None, None], (3, 8, 8, 3)).copy()
    rows = [np.full((index + 1, 5), index, np.float32) for index in range(3)]
    for seed in range(5):
        mixing = draw_mixing(3, 1.0, np.random.default_rng(seed))
        out, out_rows = mixed(batch_of_three, rows, mixing, range(3))
        for index in range(3):
            partners = set(out_rows[index][:, 0]) - {index}
            own = len(rows[index])
            assert (out_rows[index][:own] == rows[index]).all()
            if partners:
                (partner,) = partners
                assert len(out_rows[index]) == own + len(rows[int(partner)])
                share = (out[index].mean() - levels[int(partner)]) / (
                    float(levels[index]) - levels[int(partner)]
                )
                assert 0.25 < share < 0.75
            else:
                assert (out[index] == batch_of_three[index]).all()
    none = draw_mixing(3, 0.0, np.random.default_rng(0))
    unchanged, same_rows = mixed(batch_of_three, rows, none, range(3))
    assert (unchanged == batch_of_three).all()
    assert all((now == then).all() for now, then in zip(same_rows, rows, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    "augmentation",
    [EVERYTHING, Augmentation(scale=(0.5, 1.5), flip=True), Augmentation(mixup=0.5), NOTHING],
    ids=["everything", "views", "blended", "nothing"],
)
@pytest.mark.parametrize("tiling", [None, Tiling(side=48, overlap=0.2, whole=True)], ids=["", "tiles"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 7), first=st.integers(0, 6), last=st.integers(0, 6))
def test_rows_of_a_batch_are_made_without_the_others(augmentation, tiling, seed, count, first, last):
    codec = msgspec.structs.replace(CODEC, tiling=tiling)
    batches = DetectionBatches(codec=codec, augmentation=augmentation)
    start = min(first, count - 1)
    rows = slice(start, max(start, min(last, count - 1)) + 1)
    rng = np.random.default_rng(seed)
    examples = [batches.prepare(scene(rng)) for _ in range(count)]
    whole = batches.make(examples, np.random.default_rng(seed), 0.0)
    asked = Asked(examples)
    own = batches.make_rows(asked, np.random.default_rng(seed), 0.0, rows)
    for arrays, of_whole in zip(own, whole, strict=True):
        assert (arrays == of_whole[rows]).all()
    if not augmentation.mosaic and not augmentation.mixup:
        assert asked.which == set(range(count)[rows])


def test_colors_change_boxes_do_not():
    examples = [scene(np.random.default_rng(seed)) for seed in range(4)]
    plain, rows = batch(maker(), examples)
    colored, same_rows = batch(maker(Augmentation(color_jitter=0.5)), examples)
    assert (plain != colored).any(axis=(1, 2, 3)).all()
    assert (rows == same_rows).all()


def test_what_an_image_leaves_empty_is_gray():
    example = Example("a", np.zeros((96, 128, 3), np.uint8), {"size": [96, 128], "boxes": [], "labels": []})
    (image,), _ = batch(maker(Augmentation(scale=(0.5, 0.5))), [example])
    assert {tuple(pixel) for pixel in image.reshape(-1, 3)} >= {(LETTERBOX_GRAY,) * 3, (0, 0, 0)}
    assert (image == LETTERBOX_GRAY).mean() == pytest.approx(0.75, abs=0.03)
