"""Numbers that only texts have: accuracy by length."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from suite.data import Examples
from suite_classification.arrays import LabelArrays
from suite_language.words import count_words
from suite_text.reading.lines import text_of

LENGTHS = (5, 10, 20, 50, 100, 200, 500)
"""Words by which texts are grouped."""


def by_length(arrays: LabelArrays, examples: Examples) -> dict[str, dict[str, float]]:
    """Accuracy and number of the texts of about one length, from the shortest to the longest.

    A length is in words; in scripts without spaces between words, a character counts as a word.
    """
    words = np.array([count_words(text_of(examples[index].input)) for index in range(len(arrays))])
    right = arrays.true == arrays.predicted
    if arrays.multi_label:
        right = right.all(axis=1)
    names = [f"up to {LENGTHS[0]} words"]
    names += [f"{low + 1} to {high} words" for low, high in pairwise(LENGTHS)]
    names += [f"over {LENGTHS[-1]} words"]
    groups = np.digitize(words, LENGTHS, right=True)
    return {
        names[group]: {
            "accuracy": float(right[groups == group].mean()),
            "examples": int((groups == group).sum()),
        }
        for group in np.unique(groups).tolist()
    }
