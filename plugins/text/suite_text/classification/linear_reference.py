"""TF-IDF with a linear support vector machine: the classical method that networks are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suite import UserError
from suite.data import Example, Examples, each_input
from suite.kit import needing
from suite_classification.baseline import most_frequent
from suite_classification.coding import target_vector
from suite_classification.types import Classification
from suite_language.words import mostly_without_spaces
from suite_text.extras import TRAIN
from suite_text.reading.lines import text_of

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

MAX_LENGTH = 100_000
"""Characters of a text that count: more would be most of the memory and say nothing new of its class."""
MAX_CHARACTERS = 100_000_000
"""Of all training texts. Beyond, the features would take gigabytes."""


def linear_svm(
    train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]
) -> list[Classification]:
    """Learn from `train`, and classify `examples`.

    The features are those of scikit-learn's `TfidfVectorizer` for single words and pairs of neighbors; for
    single characters and pairs of neighbors if most letters are of scripts without spaces between words.
    The classifier is its `LinearSVC` (Fan et al., LIBLINEAR, 2008) with every default, C = 1 among them, one
    class against the rest. With several labels per text, there is a classifier for each label by itself.

    It gives labels without probabilities, since a margin is not a probability.

    Args:
        train: texts with their targets.
        examples: the texts to classify.
        facts: of the data set: "classes" and "multi_label".

    Raises:
        suite.UserError: if the training texts are longer than 100 million characters in all.
    """
    with needing(TRAIN):
        from sklearn.svm import LinearSVC

    texts: list[str] = []
    characters = 0
    for raw in each_input(train):
        text = text_of(raw)[:MAX_LENGTH]
        characters += len(text)
        if characters <= MAX_CHARACTERS:
            texts.append(text)
        else:
            texts.clear()
    if characters > MAX_CHARACTERS:
        raise UserError(
            f"the training texts have {characters:,} characters, and this method's memory is for"
            f" {MAX_CHARACTERS:,}"
        )
    targets = [train[index].target for index in range(len(train))]
    grams = _grams(texts)
    try:
        learned = grams.fit_transform(texts)
    except ValueError:  # scikit-learn's "empty vocabulary": no text has a word
        return [
            Classification(label=prediction.label) for prediction in most_frequent(train, examples, facts)
        ]
    features = grams.transform([text_of(example.input)[:MAX_LENGTH] for example in examples])

    def chosen(wanted: np.ndarray) -> np.ndarray:
        """The prediction for each example, after learning that the training texts are `wanted`."""
        if (wanted == wanted[0]).all():  # nothing to distinguish
            return np.repeat(wanted[:1], len(examples))
        predicted: np.ndarray = LinearSVC(random_state=0).fit(learned, wanted).predict(features)
        return predicted

    if not facts.get("multi_label"):
        return [Classification(label=str(name)) for name in chosen(np.array(targets, object).astype(str))]
    classes: Sequence[str] = facts["classes"]
    members = np.stack([target_vector(target, classes) for target in targets])
    membership = np.stack([chosen(column) for column in members.T], axis=1) > 0
    return [
        Classification(label=[name for name, on in zip(classes, row, strict=True) if on])
        for row in membership
    ]


def _grams(texts: Sequence[str]) -> TfidfVectorizer:
    with needing(TRAIN):
        from sklearn.feature_extraction.text import TfidfVectorizer

    # Features in 32 bits would be half as large, but LIBLINEAR computes in 64 and would copy them.
    analyzer = "char" if mostly_without_spaces(texts) else "word"
    return TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2))
