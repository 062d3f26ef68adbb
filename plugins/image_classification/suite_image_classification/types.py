"""What loaders, builders and evaluators of image classification share: facts, targets, predictions.

A data set's facts are `{"classes": [names in order], "multi_label": bool}`. A target is a class name, or,
where pictures may have several labels or none, a list of class names. An input is a `suite.sources.Source`,
a path, encoded bytes, or an array (height, width[, channels]).
"""

from __future__ import annotations

import msgspec


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one picture.

    Attributes:
        label: the class it is taken for; with several labels per picture, all those with a score of one
            half or more. The same shape as a target.
        scores: a probability per class. They sum to one where a picture has exactly one label. Empty
            where predictions come from elsewhere and carry none.
    """

    label: str | list[str]
    scores: dict[str, float] = {}

    def __str__(self) -> str:
        """For people: the label with its probability; of several labels each with its own."""
        labels = [self.label] if isinstance(self.label, str) else self.label
        shown = [f"{one}  {self.scores[one]:.2f}" if one in self.scores else one for one in labels]
        return ", ".join(shown) or "no label"
