"""Near copies are found without comparing all pairs, and what only looks a little alike is not."""

import cv2
import numpy as np
import pytest

from suite.data import Dataset, Example
from suite_images.encoding import jpeg
from suite_images.inspection import depth_findings, leaks, look
from suite_images.near_copies import Prints, near_copies, print_of
from suite_images.resizing import resize

RANDOM = np.random.default_rng(0)


def scene(rng, height=96, width=128):
    """A smooth random image with a few shapes: unlike noise, it has something to recognize."""
    image = resize(rng.integers(0, 256, (6, 8, 3), np.uint8), height, width).copy()
    for _ in range(6):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(image, center, int(rng.integers(4, 20)), rng.integers(0, 256, 3).tolist(), -1)
    return image


def prints(images):
    sizes = [image.shape[:2] for image in images]
    return Prints([print_of(image, hash(image.tobytes())) for image in images], sizes)


def recompressed(image, quality, scale):
    height, width = (round(side * scale) for side in image.shape[:2])
    return cv2.imdecode(np.frombuffer(jpeg(resize(image, height, width), quality), np.uint8), 1)[
        :, :, ::-1
    ].copy()


SCENES = [scene(RANDOM) for _ in range(60)]


@pytest.mark.parametrize(("quality", "scale"), [(75, 1), (30, 1), (75, 0.5), (30, 0.5), (50, 2)])
def test_copies_are_found_and_nothing_else(quality, scale):
    copies = [recompressed(image, quality, scale) for image in SCENES[::2]]
    found = list(near_copies(prints(SCENES), prints(copies)))
    assert found == [(index, 2 * index) for index in range(len(copies))]


def test_other_scenes_are_no_copies():
    others = [scene(RANDOM) for _ in range(200)]
    assert list(near_copies(prints(SCENES), prints(others))) == []


def test_neither_equal_images_nor_flat_ones_nor_other_proportions_are_near_copies():
    flat = np.full((40, 40, 3), 200, np.uint8)
    squashed = resize(SCENES[0], 96, 64)
    assert print_of(flat, 0) is None
    assert list(near_copies(prints([*SCENES, flat]), prints([SCENES[0], flat, squashed]))) == []


def test_hashes_that_differ_in_few_bits_are_candidates():
    known = prints(SCENES)
    near, far = (prints([recompressed(SCENES[3], 90, 1)]) for _ in range(2))
    near.hash[0] = known.hash[3] ^ np.uint64(0b1 | 1 << 15 | 1 << 30 | 1 << 45 | 1 << 60)
    far.hash[0] = ~known.hash[3]
    assert list(near_copies(known, near)) == [(0, 3)]
    assert list(near_copies(known, far)) == []


def examples(images, prefix):
    return [Example(f"{prefix}/{index}", image, "x") for index, image in enumerate(images)]


def test_leaks_are_wrong_and_copies_within_the_training_split_are_worth_a_look():
    near = recompressed(SCENES[0], 50, 0.5)
    data = Dataset(train=examples(SCENES, "train"), test=examples([near, scene(RANDOM)], "test"))
    (leak,) = leaks(look(data, lambda done, total: None), data)
    assert leak.wrong
    assert leak.text.startswith("1 image of test is nearly the same as one of train")
    assert leak.locations == ["test/0 ~ train/0"]
    alone = Dataset(train=examples([*SCENES, near], "train"))
    (finding,) = leaks(look(alone, lambda done, total: None), alone)
    assert not finding.wrong
    assert finding.locations == ["train/60 ~ train/0"]


def test_values_of_fewer_bits_are_said():
    deep = [(image[:, :, :1].astype(np.uint16) * 16) for image in SCENES[:3]]
    data = Dataset(train=examples(deep, "train"))
    (finding,) = depth_findings(look(data, lambda done, total: None), "!")
    assert finding.text.startswith("3 images of 16 bits hold values up to 4,0")
    assert finding.text.endswith("which are 12 bits!")
    plain = Dataset(train=examples(SCENES[:2], "train"))
    assert depth_findings(look(plain, lambda done, total: None)) == []
