"""Figures of image classification: what they show, and that any answers can be shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from suite.data import Example
from suite.evaluation import Figure, Gallery, Pairs, Picture, Table
from suite_image_classification.answers import read
from suite_image_classification.figures import confusion, figures_of, worst_mistakes
from suite_image_classification.types import Classification

CLASSES = ["cat", "cow", "dog"]


def guess(label, **scores) -> Classification:
    return Classification(label=label, scores=scores)


def made_up(count: int, classes: list[str], seed: int = 0) -> Pairs:
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet([0.5] * len(classes), count)
    predictions = [
        Classification(label=classes[row.argmax()], scores=dict(zip(classes, row.tolist(), strict=True)))
        for row in rows
    ]
    targets = [classes[index] for index in generator.integers(0, len(classes), count)]
    names = [f"{index}.png" for index in range(count)]
    pictures = [np.full((6, 8, 3), index % 256, np.uint8) for index in range(count)]
    examples = [Example(name, picture) for name, picture in zip(names, pictures, strict=True)]
    return Pairs(targets, predictions, names, examples, {"classes": classes, "multi_label": False})


def by_title(pairs: Pairs) -> dict[str, Figure]:
    return {figure.title: figure for figure in figures_of(read(pairs), pairs)}


def test_all_figures_of_one_label_per_picture():
    assert list(by_title(made_up(40, CLASSES))) == [
        "Confusion matrix", "Classes confused most", "Worst mistakes", "Calibration", "ROC curves",
        "Precision and recall", "Classes",
    ]  # fmt: skip


def test_confusion_counts_rows_as_true_and_columns_as_taken_for():
    targets = ["cat", "cat", "dog"]
    pairs = Pairs(
        targets, [guess("cat"), guess("dog"), guess("dog")], ["1", "2", "3"], facts={"classes": CLASSES}
    )
    assert confusion(read(pairs)).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 1]]


def test_the_classes_confused_most_come_first():
    targets = ["cat"] * 3 + ["dog"]
    predictions = [guess("dog"), guess("dog"), guess("cow"), guess("dog")]
    figures = by_title(Pairs(targets, predictions, list("1234"), facts={"classes": CLASSES}))
    assert figures["Classes confused most"].rows == [
        ["cat", "dog", 2, "66.7 %"], ["cat", "cow", 1, "33.3 %"],
    ]  # fmt: skip


def test_the_surest_mistakes_come_first():
    targets = ["cat", "cat", "cat"]
    predictions = [guess("dog", dog=0.6, cat=0.4), guess("dog", dog=0.9, cat=0.1), guess("cat", cat=1.0)]
    assert worst_mistakes(read(Pairs(targets, predictions, list("123")))).tolist() == [1, 0]


def test_a_mistake_is_shown_as_a_picture_with_what_it_is_and_was_taken_for():
    picture = np.zeros((8, 16, 3), np.uint8)
    pairs = Pairs(
        ["cat"],
        [guess("dog", dog=0.9, cat=0.1)],
        ["a/1.png"],
        [Example("a/1.png", picture)],
        {"classes": CLASSES},
    )
    gallery = by_title(pairs)["Worst mistakes"]
    assert isinstance(gallery, Gallery)
    ((encoded, text),) = gallery.items
    assert text == "dog 90 %\nis cat 10 %\na/1.png"
    assert cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR).shape == (80, 160, 3)


def test_a_picture_that_is_gone_is_counted_not_fatal(tmp_path):
    pairs = made_up(5, CLASSES)
    gone = Pairs(
        pairs.targets, pairs.predictions, pairs.ids,
        [Example(name, tmp_path / "gone.png") for name in pairs.ids], pairs.facts,
    )  # fmt: skip
    gallery = by_title(gone)["Worst mistakes"]
    assert gallery.items == []
    assert "could not be read and are left out" in gallery.caption


def test_at_most_24_mistakes_are_shown():
    assert len(by_title(made_up(300, CLASSES))["Worst mistakes"].items) == 24


def test_without_pictures_there_is_no_gallery_and_without_scores_no_curves():
    pairs = Pairs(["cat", "dog"], [guess("cat"), guess("cat")], ["1", "2"], facts={"classes": CLASSES})
    assert list(by_title(pairs)) == ["Confusion matrix", "Classes confused most", "Classes"]


def test_several_labels_per_picture_have_no_confusion_matrix():
    targets = [["cat"], [], ["cat", "dog"]]
    predictions = [
        guess([], cat=0.2, dog=0.1),
        guess(["dog"], cat=0.1, dog=0.7),
        guess(["cat"], cat=0.9, dog=0.4),
    ]
    examples = [Example(name, np.zeros((4, 4, 3), np.uint8)) for name in "123"]
    facts = {"classes": ["cat", "dog"], "multi_label": True}
    figures = by_title(Pairs(targets, predictions, list("123"), examples, facts))
    assert list(figures) == ["Worst mistakes", "Calibration", "ROC curves", "Precision and recall", "Classes"]
    captions = [text for _, text in figures["Worst mistakes"].items]
    assert "dog\nis (none)\n2" in captions
    assert "cat\nis cat + dog\n3" in captions


def test_the_class_that_is_known_least_comes_first():
    targets, labels = ["cat", "cat", "dog", "dog"], ["cat", "cat", "cat", "dog"]
    table = by_title(Pairs(targets, [guess(label) for label in labels], list("1234")))["Classes"]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["dog", "cat"]


@pytest.mark.parametrize("classes", [1, 2, 3, 17, 45, 120])
def test_any_number_of_classes_can_be_shown(classes):
    figures = by_title(made_up(200, [f"c{index}" for index in range(classes)]))
    svgs = [figure.content for figure in figures.values() if isinstance(figure, Picture)]
    assert svgs
    assert sum(map(len, svgs)) < 600_000


def test_one_right_example_can_be_shown():
    pairs = Pairs(["cat"], [guess("cat", cat=1.0)], ["1"], [Example("1", np.zeros((4, 4, 3), np.uint8))])
    assert "Worst mistakes" not in by_title(pairs)
