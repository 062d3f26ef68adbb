"""What loaders, builders and evaluators of translation share: facts, inputs, targets and predictions."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import msgspec

from suite import UserError
from suite_text.reading.cleaning import CleaningFact
from suite_text.reading.input_files import InputFilesFact
from suite_text.reading.lines import Line

Input = str | Line
"""The source text. Codecs also read a path, a `suite.sources.Source` and the bytes of a file."""

Target = str | list[str]
"""A reference text, or a list of several references that are equally right."""


class Facts(TypedDict, total=False):
    """What is known of all splits of the data.

    Attributes:
        source: the name of the language to translate from.
        target: the name of the language to translate to.
        cleaning: what was done to the texts; the defaults of `suite_text.reading.cleaning.Cleaning` if it is
            missing. Codecs do the same to every input.
        files: how files hold their texts, for prediction; the defaults of
            `suite_text.reading.input_files.InputFiles` if it is missing.
    """

    source: str
    target: str
    cleaning: CleaningFact
    files: InputFilesFact


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one source text.

    Attributes:
        text: the translation; empty for an empty source.
        score: the mean of the logarithms of the probabilities of its tokens, the end included: 0 is
            certain, lower is less so; None if it is not known.
        unknown: how many characters (or words) of the source the model has never seen.
    """

    text: str
    score: float | None = None
    unknown: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)] = 0

    def __str__(self) -> str:
        """For people: the text."""
        return self.text


def references_of(target: Any, name: str = "the target") -> list[str]:
    """The references of a target, at least one.

    Args:
        target: of an example.
        name: of the example, for the message.

    Raises:
        suite.UserError: if it is neither a text nor a list of texts.
    """
    references = [target] if isinstance(target, str) else target
    if isinstance(references, list) and references and all(isinstance(text, str) for text in references):
        return references
    raise UserError(f"'{name}': expected a translation as its target, or a list of translations")
