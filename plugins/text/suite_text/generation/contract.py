"""What any loader's data must satisfy to be learned from."""

from __future__ import annotations

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite_text.generation.examples import Passage
from suite_text.generation.types import bytes_of
from suite_text.reading.cleaning import cleaning_of
from suite_text.reading.input_files import input_files_of

MAX_CHECKED = 10_000
"""Passages of a split that are looked at, evenly spaced: there may be millions."""


def check(dataset: Dataset) -> None:
    """Refuse data that is not as `suite_text.generation.types` documents.

    Raises:
        suite.UserError: if the fact "cleaning" is of another form, an input is no passage, or a target is no
            number of bytes.
    """
    cleaning_of(dataset.facts)
    input_files_of(dataset.facts)
    for split, examples in dataset.splits.items():
        count = len(examples)
        for index in np.linspace(0, count - 1, min(count, MAX_CHECKED)).astype(int).tolist():
            example = examples[index]
            if not isinstance(example.input, Passage):
                kind = type(example.input).__name__
                raise UserError(
                    f"the input of '{example.id}' ({split} split) is a {kind}: it must be a passage, as"
                    " `suite_text.generation.api.passages_of` makes them"
                )
            bytes_of(example.target, f"{split}: {example.id}")
