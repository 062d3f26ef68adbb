"""What loaders, builders and evaluators of text classification share: facts, inputs, targets, predictions."""

from __future__ import annotations

from typing import NotRequired

from suite_classification.types import Classification as Classification
from suite_classification.types import Facts as ClassificationFacts
from suite_classification.types import Target as Target
from suite_text.reading.cleaning import CleaningFact
from suite_text.reading.input_files import InputFilesFact
from suite_text.reading.lines import Line

Input = str | Line
"""A text. Codecs also read a path, a `suite.sources.Source` and the bytes of a file."""

Prediction = Classification


class Facts(ClassificationFacts):
    """What is known of all splits of the data.

    Attributes:
        cleaning: what was done to the texts; the defaults of `suite_text.reading.cleaning.Cleaning` if it is
            missing. Codecs do the same to every input.
        files: how files hold their texts, for prediction; the defaults of
            `suite_text.reading.input_files.InputFiles` if it is missing.
        language: of the texts, by its code, if that matters for capitals (tr, az).
    """

    cleaning: NotRequired[CleaningFact]
    files: NotRequired[InputFilesFact]
    language: NotRequired[str]
