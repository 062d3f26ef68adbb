"""Heat maps: the region that counts is found, whatever the model is."""

from __future__ import annotations

import numpy as np
import pytest

from suite.data import Example
from suite.evaluation import Pairs
from suite_classification.types import Classification
from suite_image_classification.codec import ImageCodec
from suite_image_classification.explanation import explain, heat_map

SQUARE = (slice(10, 22), slice(40, 54))


def image(where=SQUARE) -> np.ndarray:
    """Noise with a white square."""
    pixels = np.random.default_rng(0).integers(0, 100, (64, 80, 3), np.uint8)
    pixels[where] = 255
    return pixels


def classify(images) -> list[Classification]:
    """Is there a white square at the right place?"""
    white = [float((pixels[SQUARE] / 255).mean()) for pixels in images]
    return [
        Classification(label="yes" if share > 0.6 else "no", scores={"no": 1 - share, "yes": share})
        for share in white
    ]


def test_the_region_that_counts_is_the_hottest():
    heat = heat_map(image(), lambda views: [found.scores["yes"] for found in classify(views)])
    assert heat.shape == (64, 80)
    assert heat.max() == 1
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 6 <= row < 26
    assert 36 <= column < 58
    assert abs(heat[50:, :20]).max() < 0.1


def test_a_model_that_does_not_look_has_a_map_without_any_heat():
    assert not heat_map(image(), lambda views: [0.7 for _ in views]).any()


def pairs_of(targets) -> Pairs:
    images = [image(), image((slice(40, 50), slice(0, 9)))]
    examples = [Example(f"{index}.png", pixels) for index, pixels in enumerate(images)]
    facts = {"classes": ["no", "yes"], "multi_label": False}
    return Pairs(targets, classify(images), ["0.png", "1.png"], examples=examples, facts=facts)


@pytest.mark.parametrize(
    ("targets", "first"),
    [
        (["no", "no"], "yes 100 %, is no 0 %\n0.png"),
        ([None, None], "yes 100 %\n0.png"),
    ],
)
def test_mistakes_and_right_predictions_are_shown_and_those_without_targets(targets, first):
    (gallery,) = explain(pairs_of(targets), classify)
    assert gallery.items[0][1] == first
    assert len(gallery.items) == 2
    assert gallery.items[0][0][:2] == b"\xff\xd8"


def test_without_probabilities_or_images_there_is_nothing_to_show():
    pairs = pairs_of(["no", "no"])
    assert explain(Pairs(pairs.targets, pairs.predictions, pairs.ids, facts=pairs.facts), classify) == []
    bare = [Classification(label="no")] * 2
    assert explain(Pairs(pairs.targets, bare, pairs.ids, pairs.examples, facts=pairs.facts), classify) == []


@pytest.mark.parametrize(("channels", "dtype", "bits"), [(5, np.uint8, 16), (1, np.uint16, 8)])
def test_explanations_see_what_the_network_sees(channels, dtype, bits):
    codec = ImageCodec(classes=("no", "yes"), size=(32, 32), channels=channels, bits=bits)
    seen = []

    def predict(images):
        for pixels in images:
            seen.append(pixels)
            yield Classification(label="yes", scores={"no": 0.2, "yes": 0.8})

    pixels = np.repeat(image()[:, :, :1], channels, axis=2).astype(dtype)
    pairs = Pairs(
        ["yes"],
        [Classification(label="yes", scores={"no": 0.2, "yes": 0.8})],
        ["0"],
        examples=[Example("0", pixels)],
        facts={"classes": ["no", "yes"], "multi_label": False, **codec.scoring_facts()},
    )
    assert len(explain(pairs, lambda images: list(predict(images)))[0].items) == 1
    assert seen[0].shape == (64, 80, channels)
    assert seen[0].max() == 255
