"""TF-IDF with a linear SVM: learns from the train split, and answers for any example."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data import Example
from suite_classification.types import Classification
from suite_text.classification import linear_reference
from suite_text.classification.linear_reference import linear_svm

ONE = {"classes": ["food", "sport"], "multi_label": False}
SEVERAL = {"classes": ["food", "never", "sport"], "multi_label": True}


def examples(*rows) -> list[Example]:
    return [Example(str(number), text, target) for number, (text, target) in enumerate(rows)]


def answered(train, texts, facts) -> list[str | list[str]]:
    predictions = linear_svm(train, [Example(text, text) for text in texts], facts)
    assert all(isinstance(prediction, Classification) and not prediction.scores for prediction in predictions)
    return [prediction.label for prediction in predictions]


def test_it_learns_which_words_are_of_which_class():
    train = examples(
        ("bread and soup", "food"), ("a match was won", "sport"),
        ("hot soup again", "food"), ("they won the cup", "sport"),
    )  # fmt: skip
    assert answered(train, ["soup for all", "who won"], ONE) == ["food", "sport"]


def test_pairs_of_neighbors_tell_texts_of_the_same_words_apart():
    train = examples(("dog bites man", "a"), ("man bites dog", "b"))
    assert answered(train, ["dog bites man", "man bites dog"], {"classes": ["a", "b"]}) == ["a", "b"]


def test_scripts_without_spaces_are_learned_by_their_characters():
    train = examples(
        ("面包和热汤", "food"), ("球队赢了比赛", "sport"), ("一碗热汤", "food"), ("赢了奖杯", "sport")
    )
    assert answered(train, ["汤很好喝", "谁赢了"], ONE) == ["food", "sport"]


def test_several_labels_are_learned_one_by_one_and_one_that_nothing_has_is_never_given():
    train = examples(
        ("soup", ["food"]), ("match", ["sport"]), ("soup match", ["food", "sport"]), ("nothing here", []),
    )  # fmt: skip
    assert answered(train, ["soup match", "match", "nothing here"], SEVERAL) == [
        ["food", "sport"], ["sport"], [],
    ]  # fmt: skip


def test_a_label_that_every_text_has_is_always_given():
    train = examples(("soup", ["food"]), ("bread", ["food"]))
    assert answered(train, ["match"], SEVERAL) == [["food"]]


@pytest.mark.parametrize("texts", [["", " "], ["!", "?"]])
def test_where_no_text_has_a_word_it_answers_the_most_frequent_class(texts):
    train = examples((texts[0], "sport"), (texts[1], "sport"), (texts[0], "food"))
    assert answered(train, ["soup", ""], ONE) == ["sport", "sport"]


def test_more_text_than_memory_is_refused_with_the_number(monkeypatch):
    monkeypatch.setattr(linear_reference, "MAX_CHARACTERS", 10)
    with pytest.raises(UserError, match="have 12 characters, and this method's memory is for 10"):
        linear_svm(examples(("bread", "food"), ("a match", "sport")), [], ONE)


def test_it_answers_the_same_every_time():
    generator = np.random.default_rng(0)
    words = ["soup", "bread", "match", "cup", "tie"]
    rows = [(" ".join(generator.choice(words, 4)), str(generator.choice(ONE["classes"]))) for _ in range(40)]
    texts = [text for text, _ in rows]
    assert answered(examples(*rows), texts, ONE) == answered(examples(*rows), texts, ONE)
