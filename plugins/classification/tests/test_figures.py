"""Figures of classification: what they show, and that any predictions can be shown."""

from __future__ import annotations

import numpy as np
import pytest

from suite.evaluation.types import Pairs
from suite.figures import Figure, Image, Table
from suite_classification.arrays import label_arrays
from suite_classification.figures import figures_of
from suite_classification.metrics import confusion
from suite_classification.mistakes import how_many, mistake_at, worst_mistakes
from suite_classification.types import Classification

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
    names = [str(index) for index in range(count)]
    return Pairs(targets, predictions, names, facts={"classes": classes, "multi_label": False})


def by_title(pairs: Pairs) -> dict[str, Figure]:
    mistakes = [Table(title="Worst mistakes", columns=[], rows=[])]
    return {figure.title: figure for figure in figures_of(label_arrays(pairs), "songs", mistakes)}


def test_all_figures_of_one_label_per_example_with_the_mistakes_that_the_task_shows():
    assert list(by_title(made_up(40, CLASSES))) == [
        "Confusion matrix", "Classes confused most", "Worst mistakes", "Calibration", "ROC curves",
        "Precision and recall", "Classes",
    ]  # fmt: skip


def test_confusion_counts_rows_as_true_and_columns_as_taken_for():
    targets = ["cat", "cat", "dog"]
    pairs = Pairs(
        targets, [guess("cat"), guess("dog"), guess("dog")], ["1", "2", "3"], facts={"classes": CLASSES}
    )
    assert confusion(label_arrays(pairs)).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 1]]


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
    assert worst_mistakes(label_arrays(Pairs(targets, predictions, list("123")))).tolist() == [1, 0]


def test_a_mistake_is_what_it_is_and_what_it_was_taken_for_with_their_probabilities():
    mistake = mistake_at(label_arrays(Pairs(["cat"], [guess("dog", dog=0.9, cat=0.1)], ["1"])), 0)
    assert (mistake.true, mistake.true_score) == ("cat", 0.1)
    assert (mistake.taken, mistake.taken_score) == ("dog", 0.9)
    assert (mistake.shown_true, mistake.shown_taken) == ("cat 10 %", "dog 90 %")


def test_a_mistake_of_predictions_without_probabilities_has_none():
    mistake = mistake_at(label_arrays(Pairs(["cat"], [guess("dog")], ["1"])), 0)
    assert (mistake.true_score, mistake.taken_score) == (None, None)
    assert mistake.shown_taken == "dog"


def test_it_is_said_how_many_are_wrong_and_whether_all_of_them_are_shown():
    sure = label_arrays(made_up(1200, CLASSES))
    assert how_many(sure, 1100, 1100) == "1,100 of 1,200 are wrong"
    assert how_many(sure, 1100, 24) == "1,100 of 1,200 are wrong; these are the worst of them"
    unsure = label_arrays(Pairs(["cat", "cat"], [guess("dog"), guess("dog")], ["1", "2"]))
    assert how_many(unsure, 2, 1) == "2 of 2 are wrong; these are the first"


def test_figures_say_what_is_classified():
    figures = by_title(made_up(40, CLASSES))
    assert figures["Classes"].columns[1] == "songs"
    assert figures["Classes confused most"].columns[2] == "songs"
    assert "A row holds the songs of one class" in figures["Confusion matrix"].caption
    assert "songs" in figures["Calibration"].caption


def test_without_scores_there_are_no_curves():
    pairs = Pairs(["cat", "dog"], [guess("cat"), guess("cat")], ["1", "2"], facts={"classes": CLASSES})
    assert list(by_title(pairs)) == [
        "Confusion matrix", "Classes confused most", "Worst mistakes", "Classes",
    ]  # fmt: skip


def test_several_labels_per_example_have_no_confusion_matrix():
    targets = [["cat"], [], ["cat", "dog"]]
    predictions = [
        guess([], cat=0.2, dog=0.1),
        guess(["dog"], cat=0.1, dog=0.7),
        guess(["cat"], cat=0.9, dog=0.4),
    ]
    facts = {"classes": ["cat", "dog"], "multi_label": True}
    pairs = Pairs(targets, predictions, list("123"), facts=facts)
    figures = by_title(pairs)
    assert list(figures) == ["Worst mistakes", "Calibration", "ROC curves", "Precision and recall", "Classes"]
    shown = [mistake_at(label_arrays(pairs), index) for index in worst_mistakes(label_arrays(pairs))]
    assert ("(none)", "dog") in [(mistake.true, mistake.taken) for mistake in shown]
    assert ("cat + dog", "cat") in [(mistake.true, mistake.taken) for mistake in shown]


def test_the_class_that_is_known_least_comes_first():
    targets, labels = ["cat", "cat", "dog", "dog"], ["cat", "cat", "cat", "dog"]
    table = by_title(Pairs(targets, [guess(label) for label in labels], list("1234")))["Classes"]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["dog", "cat"]


@pytest.mark.parametrize("classes", [1, 2, 3, 17, 45, 120])
def test_any_number_of_classes_can_be_shown(classes):
    figures = by_title(made_up(200, [f"c{index}" for index in range(classes)]))
    svgs = [figure.content for figure in figures.values() if isinstance(figure, Image)]
    assert svgs
    assert sum(map(len, svgs)) < 600_000


def test_one_right_example_can_be_shown():
    pairs = Pairs(["cat"], [guess("cat", cat=1.0)], ["1"])
    assert "Classes confused most" not in by_title(pairs)
    assert len(worst_mistakes(label_arrays(pairs))) == 0
