"""What loaders, builders and evaluators of text classification share: facts, inputs, targets, predictions."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from suite_classification.types import Classification as Classification
from suite_text.reading.lines import Line

Input = str | Line
"""A text. Codecs also read a path, a `suite.sources.Source` and bytes."""

Target = str | list[str]
"""The name of a class; a list of names, which may be empty, if `Facts.multi_label`."""

Prediction = Classification


class Facts(TypedDict):
    """What is known of a data set.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        multi_label: whether a text may have several labels or none; False if it is missing.
        cleaning: what was done to the texts, as `suite_text.reading.cleaning.Cleaning` says; the defaults if it
            is missing. Codecs do the same at prediction.
    """

    classes: list[str]
    multi_label: NotRequired[bool]
    cleaning: NotRequired[dict[str, str]]
