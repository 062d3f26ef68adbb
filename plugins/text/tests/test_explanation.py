"""Which words pushed a mistake: found by leaving each out, with a bounded number of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from suite.data import Example
from suite.evaluation import Pairs
from suite.figures import Highlights
from suite_classification.types import Classification
from suite_text.classification.explanation import explain

FACTS = {"classes": ["bad", "good"], "multi_label": False}
VALUES = {"good": 2.0, "great": 4.0, "not": -1.0, "好": 2.0, "不": -1.0}


class Model:
    """Adds up the values of words (or of single characters) to the log-odds of "good"."""

    def __init__(self, multi_label: bool = False) -> None:
        self.asked: list[str] = []
        self.calls = 0
        self.multi_label = multi_label

    def __call__(self, texts) -> list[Classification]:
        self.calls += 1
        self.asked += texts
        return [self.segment(text) for text in texts]

    def segment(self, text: str) -> Classification:
        odds = sum(VALUES.get(word, 0.0) for word in text.split())
        odds += sum(VALUES.get(character, 0.0) for character in text if not character.isascii())
        good = float(1 / (1 + np.exp(-odds)))
        scores = {"bad": 1 - good, "good": good}
        if self.multi_label:
            return Classification(label=[name for name in scores if scores[name] >= 0.5], scores=scores)
        return Classification(label="good" if good >= 0.5 else "bad", scores=scores)


def pairs_of(model: Model, *rows, facts=FACTS) -> Pairs:
    examples = [Example(f"test.csv:{number}", text, target) for number, (text, target) in enumerate(rows, 2)]
    predictions = [model.segment(text) for text, _ in rows]
    targets = [target for _, target in rows]
    return Pairs(targets, predictions, [example.id for example in examples], examples, facts)


def explained(model: Model, *rows, facts=FACTS) -> Highlights:
    (figure,) = explain(pairs_of(model, *rows, facts=facts), model)
    assert isinstance(figure, Highlights)
    return figure


def test_words_that_pushed_towards_the_answer_weigh_more_than_zero_and_those_against_it_less():
    (item,) = explained(Model(), ("not  good but great", "bad")).items
    assert "".join(text for text, _ in item.segments) == "not  good but great"
    weights = {text: weight for text, weight in item.segments if text.strip()}
    assert weights == pytest.approx({"not": -0.25, "good": 0.5, "but": 0.0, "great": 1.0})


def test_it_says_what_was_taken_for_what_and_where_it_stands():
    (item,) = explained(Model(), ("good enough", "bad")).items
    assert item.caption == "good 88 %, is bad 12 %\ntest.csv:2"


def test_characters_of_scripts_without_spaces_are_left_out_one_by_one():
    (item,) = explained(Model(), ("不太好", "bad")).items
    assert [text for text, _ in item.segments] == ["不", "太", "好"]
    assert [weight for _, weight in item.segments] == pytest.approx([-0.5, 0.0, 1.0])


def test_a_word_is_left_out_with_one_of_the_spaces_beside_it():
    model = Model()
    explained(model, ("one good word", "bad"))
    assert model.asked == ["one good word", "good word", "one word", "one good"]


def test_a_word_that_changes_nothing_is_not_shaded():
    (item,) = explained(Model(), ("neither nor", "bad")).items
    assert {weight for _, weight in item.segments} == {0.0}


def test_what_is_as_sure_as_can_be_has_finite_weights():
    (item,) = explained(Model(), ("great " * 30, "bad")).items
    assert all(-1 <= weight <= 1 for _, weight in item.segments)


def test_all_is_asked_at_once_for_ten_texts_of_64_pieces_at_most():
    model = Model()
    texts = [(f"great good {' '.join(['word'] * length)}", "bad") for length in (3, 62, 63, 500, 5000)]
    figure = explained(model, *texts * 4)
    assert len(figure.items) == 10
    assert model.calls == 1
    assert len(model.asked) <= 10 * 65
    assert figure.caption.startswith("20 of 20 are wrong; these are the worst of them.")


def test_of_a_long_text_the_beginning_is_shown_and_the_rest_stays_in_what_is_asked():
    model = Model()
    (item,) = explained(model, (" ".join(["great", *["word"] * 3000]), "bad")).items
    assert len("".join(text for text, _ in item.segments)) < 2000
    assert item.segments[-1] == (" …", 0.0)
    assert all(len(text.split()) > 2900 for text in model.asked)
    assert max(item.segments, key=lambda segment: segment[1])[0].startswith("great")


def test_a_text_without_end_is_cut():
    model = Model()
    (item,) = explained(model, (f"great {'x' * 1_000_000} {'y' * 1_000_000}", "bad")).items
    assert max(map(len, model.asked)) <= 20_000
    assert item.segments[-1] == (" …", 0.0)


def test_of_several_labels_the_one_that_is_most_wrong_is_explained():
    facts = {"classes": ["bad", "good"], "multi_label": True}
    (item,) = explained(Model(multi_label=True), ("great film", ["bad", "good"]), facts=facts).items
    # "bad" is missing: what speaks against it is "great".
    assert dict(item.segments)["great"] == -1.0
    assert item.caption == "good, is bad + good; shaded for bad 2 %\ntest.csv:2"


def test_there_is_nothing_to_explain_where_all_is_right_or_texts_or_probabilities_are_missing():
    model = Model()
    assert explain(pairs_of(model, ("great film", "good")), model) == []
    assert explain(Pairs(["bad"], [model.segment("great")], ["1"], facts=FACTS), model) == []
    without = [Example("1", "great film", "bad")]
    assert explain(Pairs(["bad"], [Classification(label="good")], ["1"], without, FACTS), model) == []
    assert explain(pairs_of(model, ("great", "bad")), model) == []  # of a single word nothing would be left
    assert model.calls == 0


def test_predictions_without_targets_are_all_explained():
    figure = explained(Model(), ("great film", None), ("not great", None))
    assert [item.caption for item in figure.items] == ["good 98 %\ntest.csv:2", "good 95 %\ntest.csv:3"]
    assert figure.title == "Words that pushed the predictions"
    assert "wrong" not in figure.caption
