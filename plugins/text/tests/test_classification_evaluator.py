"""What text classification adds to the scores of any classification: lengths, and the worst mistakes."""

from __future__ import annotations

import numpy as np

from suite.data import Example
from suite.evaluation import Pairs
from suite.figures import Table
from suite_classification.types import Classification
from suite_text.classification.evaluator import classification
from suite_text.classification.figures import MAX_SHOWN, shortened

FACTS = {"classes": ["bad", "good"], "multi_label": False}


def guess(label, **scores) -> Classification:
    return Classification(label=label, scores=scores)


def pairs_of(*rows, facts=FACTS) -> Pairs:
    """Rows of text, target and prediction."""
    texts, targets, predictions = zip(*rows, strict=True)
    ids = [f"test.csv:{number}" for number in range(2, len(rows) + 2)]
    examples = [Example(name, text, target) for name, text, target in zip(ids, texts, targets, strict=True)]
    return Pairs(list(targets), list(predictions), ids, examples, facts)


def figures(pairs: Pairs) -> dict[str, Table]:
    return {figure.title: figure for figure in classification(pairs, None).figures()}


MIXED = pairs_of(
    ("fine", "good", guess("good", good=0.8, bad=0.2)),
    ("not good at all", "bad", guess("good", good=0.7, bad=0.3)),
    ("oh well", "bad", guess("good", good=0.9, bad=0.1)),
    ("a film that is of more words than the others", "good", guess("good", good=0.6, bad=0.4)),
)


def test_the_numbers_are_those_of_classification():
    assert classification(MIXED, None).score(np.arange(4))["accuracy"] == 0.5


def test_the_worst_mistakes_come_first_with_text_classes_probabilities_and_place():
    table = figures(MIXED)["Worst mistakes"]
    assert table.columns == ["text", "true", "taken for", "where"]
    assert table.rows == [
        ["oh well", "bad 10 %", "good 90 %", "test.csv:4"],
        ["not good at all", "bad 30 %", "good 70 %", "test.csv:3"],
    ]
    assert table.caption.startswith("2 of 4 are wrong.")


def test_at_most_50_mistakes_are_shown_and_it_says_so():
    table = figures(pairs_of(*[("no", "bad", guess("good", good=0.9, bad=0.1))] * 60))["Worst mistakes"]
    assert len(table.rows) == 50
    assert table.caption.startswith("60 of 60 are wrong; these are the worst of them.")


def test_predictions_without_probabilities_have_mistakes_too():
    table = figures(pairs_of(("no", "bad", guess("good"))))["Worst mistakes"]
    assert table.rows == [["no", "bad", "good", "test.csv:2"]]


def test_several_labels_are_named_together():
    facts = {"classes": ["bad", "good"], "multi_label": True}
    rows = [("so so", ["bad", "good"], guess([], bad=0.1, good=0.2))]
    table = figures(pairs_of(*rows, facts=facts))["Worst mistakes"]
    assert table.rows == [["so so", "bad + good", "(none)", "test.csv:2"]]


def test_where_all_is_right_there_are_no_mistakes_to_show():
    assert "Worst mistakes" not in figures(pairs_of(("yes", "good", guess("good"))))


def test_figures_speak_of_texts():
    assert figures(MIXED)["Classes"].columns[1] == "texts"


def test_accuracy_is_given_by_length_from_the_shortest_to_the_longest():
    expected = {
        "up to 5 words": {"accuracy": 1 / 3, "examples": 3},
        "6 to 10 words": {"accuracy": 1.0, "examples": 1},
    }
    assert classification(MIXED, None).details()["lengths"] == expected
    assert figures(MIXED)["By length"].rows == [["up to 5 words", 3, "0.333"], ["6 to 10 words", 1, "1.000"]]


def test_characters_of_scripts_without_spaces_count_as_words():
    pairs = pairs_of(("这部电影非常好看", "good", guess("good")))
    assert list(classification(pairs, None).details()["lengths"]) == ["6 to 10 words"]


def test_without_the_texts_there_are_neither_lengths_nor_mistakes():
    found = classification(Pairs(["bad"], [guess("good")], ["1"], facts=FACTS), None)
    assert set(found.details()) == {"classes"}
    assert not {"Worst mistakes", "By length"} & {figure.title for figure in found.figures()}


def test_long_texts_are_shortened_to_one_line():
    assert shortened("a\n b") == "a b"
    assert shortened("x" * MAX_SHOWN) == "x" * MAX_SHOWN
    assert shortened("x" * 50_000_000) == "x" * MAX_SHOWN + " …"
    assert shortened(" " * 1000 + "x").endswith("…")
