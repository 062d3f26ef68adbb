"""What data must satisfy to be learned from or scored, whichever loader gave it."""

from __future__ import annotations

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import shown
from suite_speech_recognition.survey import ASSUMED_RATE
from suite_speech_recognition.types import Facts


def facts(dataset: Dataset) -> Facts:
    """The facts of data that comes without: arrays are taken to have 16,000 samples per second."""
    return Facts(rate=ASSUMED_RATE) if _has_arrays(dataset) else Facts()


def check(dataset: Dataset) -> None:
    """Refuse data that does not satisfy the task.

    Raises:
        suite.UserError: if a target is no transcript, or the sample rate is not a number; the message has the
            example.
    """
    rate = dataset.facts.get("rate", ASSUMED_RATE)
    if not isinstance(rate, int) or isinstance(rate, bool) or rate < 1:
        raise UserError(
            f"the data's fact 'rate' is {shown(rate)}: it must be a whole number of samples per second"
        )
    for split, examples in dataset.splits.items():
        for index in range(len(examples)):
            example = examples[index]
            if problem := _problem(example.target):
                raise UserError(f"the target of '{example.id}' ({split} split) {problem}")


def _problem(target: object) -> str:
    """What is wrong with a target; empty if nothing is."""
    if isinstance(target, str):
        return ""
    if not isinstance(target, dict) or not isinstance(target.get("text"), str):
        return f"is {shown(target)}: it must be a text, or an object with the text of the recording as 'text'"
    speaker = target.get("speaker")
    return (
        ""
        if speaker is None or isinstance(speaker, str)
        else f"has the speaker {shown(speaker)}: it must be a text"
    )


def _has_arrays(dataset: Dataset) -> bool:
    first = (examples[0].input for examples in dataset.splits.values() if len(examples))
    return any(isinstance(raw, np.ndarray) for raw in first)
