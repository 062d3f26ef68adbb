"""What loaders, builders and evaluators of translation share: inputs, targets and predictions.

An input is the source text, a `str` or a `suite_text.reading.lines.Line`. A target is a reference text, or a list of
several references that are equally right.
"""

from __future__ import annotations

from typing import Any

import msgspec

from suite import UserError

Target = str | list[str]


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one source text.

    Attributes:
        text: the translation; empty for an empty source.
        score: the mean of the logarithms of the probabilities of its tokens, the end included: 0 for what is
            certain, the lower the less sure; None where it is not known.
        unknown: how many characters (or words) of the source the model has never seen.
    """

    text: str
    score: float | None = None
    unknown: int = 0

    def __str__(self) -> str:
        """For people: the text."""
        return self.text


def references_of(target: Any, name: str = "the target") -> list[str]:
    """The references of a target, at least one.

    Args:
        target: of an example.
        name: of the example, for the message.

    Raises:
        suite.UserError: where it is neither a text nor a list of texts.
    """
    references = [target] if isinstance(target, str) else target
    if isinstance(references, list) and references and all(isinstance(one, str) for one in references):
        return references
    raise UserError(f"'{name}': expected a translation as its target, or a list of translations")
