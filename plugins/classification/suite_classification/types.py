"""The types of every classification task: facts, targets, predictions. What an input is, the task says."""

from __future__ import annotations

from typing import TypedDict

import msgspec

Target = str | list[str]
"""The name of a class; a list of names if examples may have several labels, or none (`multi_label`)."""


class Facts(TypedDict):
    """What is known of all splits of the data before anything is decoded.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        multi_label: whether an example may have several labels, or none.
    """

    classes: list[str]
    multi_label: bool


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one example.

    Attributes:
        label: the predicted class; with several labels per example, all those with a score of one half or
            more, unless other thresholds were wanted. The same shape as a target.
        scores: a probability per class. They sum to one if an example has exactly one label. Only the highest
            ones, in falling order, if so many were wanted; empty if predictions come from elsewhere and carry
            none.
    """

    label: str | list[str]
    scores: dict[str, float] = {}

    def __str__(self) -> str:
        """For people: the label with its probability; of several labels each with its own."""
        labels = [self.label] if isinstance(self.label, str) else self.label
        shown = [f"{name}  {self.scores[name]:.2f}" if name in self.scores else name for name in labels]
        return ", ".join(filter(None, shown)) or "no label"
