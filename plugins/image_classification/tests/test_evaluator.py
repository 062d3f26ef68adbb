"""What image classification adds to the scores of any classification: the worst mistakes as images."""

from __future__ import annotations

import cv2
import numpy as np

from suite.data import Example
from suite.evaluation import Pairs
from suite.figures import Gallery
from suite_classification.types import Classification
from suite_image_classification.evaluator import evaluate

CLASSES = ["cat", "cow", "dog"]


def guess(label, **scores) -> Classification:
    return Classification(label=label, scores=scores)


def mistaken(count: int, image: object) -> Pairs:
    names = [f"{index}.png" for index in range(count)]
    examples = [Example(name, image) for name in names]
    return Pairs(
        ["cat"] * count, [guess("dog", dog=0.9, cat=0.1)] * count, names, examples, {"classes": CLASSES}
    )


def by_title(pairs: Pairs) -> dict[str, Gallery]:
    return {figure.title: figure for figure in evaluate(pairs, None).figures()}


def test_the_evaluator_gives_the_numbers_of_classification_and_figures_about_images():
    pairs = mistaken(3, np.zeros((4, 4, 3), np.uint8))
    assert evaluate(pairs, None).score(np.arange(3))["accuracy"] == 0.0
    assert "A row holds the images of one class" in by_title(pairs)["Confusion matrix"].caption


def test_a_mistake_is_shown_as_an_image_with_what_it_is_and_was_taken_for():
    image = np.zeros((8, 16, 3), np.uint8)
    pairs = Pairs(
        ["cat"],
        [guess("dog", dog=0.9, cat=0.1)],
        ["a/1.png"],
        [Example("a/1.png", image)],
        {"classes": CLASSES},
    )
    gallery = by_title(pairs)["Worst mistakes"]
    assert isinstance(gallery, Gallery)
    ((encoded, text),) = gallery.items
    assert text == "dog 90 %\nis cat 10 %\na/1.png"
    assert cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR).shape == (80, 160, 3)


def test_an_image_that_is_gone_is_counted_not_fatal(tmp_path):
    gallery = by_title(mistaken(5, tmp_path / "gone.png"))["Worst mistakes"]
    assert gallery.items == []
    assert "could not be read and are left out" in gallery.caption


def test_at_most_24_mistakes_are_shown():
    assert len(by_title(mistaken(300, np.zeros((4, 4, 3), np.uint8)))["Worst mistakes"].items) == 24


def test_without_images_at_hand_there_is_no_gallery():
    pairs = Pairs(["cat"], [guess("dog")], ["1"], facts={"classes": CLASSES})
    assert "Worst mistakes" not in by_title(pairs)


def test_if_all_is_right_there_is_no_gallery():
    pairs = Pairs(["cat"], [guess("cat", cat=1.0)], ["1"], [Example("1", np.zeros((4, 4, 3), np.uint8))])
    assert "Worst mistakes" not in by_title(pairs)


def test_a_mistake_of_several_labels_names_them_all():
    targets = [[], ["cat", "dog"]]
    predictions = [guess(["dog"], cat=0.1, dog=0.7), guess(["cat"], cat=0.9, dog=0.4)]
    examples = [Example(name, np.zeros((4, 4, 3), np.uint8)) for name in "12"]
    facts = {"classes": ["cat", "dog"], "multi_label": True}
    gallery = by_title(Pairs(targets, predictions, list("12"), examples, facts))["Worst mistakes"]
    assert [text for _, text in gallery.items] == ["dog\nis (none)\n1", "cat\nis cat + dog\n2"]
