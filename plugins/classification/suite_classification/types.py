"""What is classified into and as what: facts, targets, predictions.

A data set's facts are `{"classes": [names in order], "multi_label": bool}`. A target is a class name, or,
where an example may have several labels or none, a list of class names. What an input is, the task says.
"""

from __future__ import annotations

import msgspec


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one example.

    Attributes:
        label: the class it is taken for; with several labels per example, all those with a score of one
            half or more. The same shape as a target.
        scores: a probability per class. They sum to one where an example has exactly one label. Empty
            where predictions come from elsewhere and carry none.
    """

    label: str | list[str]
    scores: dict[str, float] = {}

    def __str__(self) -> str:
        """For people: the label with its probability; of several labels each with its own."""
        labels = [self.label] if isinstance(self.label, str) else self.label
        shown = [f"{one}  {self.scores[one]:.2f}" if one in self.scores else one for one in labels]
        return ", ".join(shown) or "no label"
