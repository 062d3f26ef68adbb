"""Epochs that are added to a training after it ended or was stopped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """More epochs for a training, with a schedule of their own.

    Attributes:
        after_step: the step after which they begin, with the weights of that moment.
        epochs: how many; the one that was under way counts.
        learning_rate: the peak of their schedule; None for that of the training.
    """

    after_step: int
    epochs: int
    learning_rate: float | None = None
