"""What tasks of classification share that explain predictions by leaving something out (occlusion)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from suite.evaluation import Pairs
from suite_classification.arrays import LabelArrays
from suite_classification.mistakes import mistake_at

MIN_PROBABILITY = 1e-6
MIN_CHANGE = 1e-3
"""Of log-odds: if nothing changes more, nothing is shaded."""


def targets_known(pairs: Pairs) -> bool:
    """Whether the pairs are scored, and not predictions whose targets nobody knows."""
    return any(target is not None for target in pairs.targets)


def as_if_right(pairs: Pairs) -> Pairs:
    """Pairs without targets as arrays need them: with what was predicted."""
    return replace(pairs, targets=[prediction.label for prediction in pairs.predictions])


def class_to_explain(arrays: LabelArrays, index: int) -> str:
    """The class whose odds are looked at.

    That is the predicted one; with several labels the most wrong one, or the most probable one if all are
    right.
    """
    if not arrays.multi_label:
        return arrays.classes[int(arrays.predicted[index])]
    assert arrays.scores is not None
    wrong = arrays.true[index] != arrays.predicted[index]
    if not wrong.any():
        return arrays.classes[int(np.argmax(arrays.scores[index]))]
    off = np.abs(arrays.scores[index] - arrays.true[index])
    return arrays.classes[int(np.argmax(np.where(wrong, off, -1.0)))]


def log_odds(probabilities: Sequence[float]) -> np.ndarray:
    """float64 (n,): the logarithms of the odds, clipped so that all are finite."""
    clipped = np.clip(np.array(probabilities, np.float64), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    odds: np.ndarray = np.log(clipped) - np.log1p(-clipped)
    return odds


def weights_of(probabilities: Sequence[float]) -> list[float]:
    """From the probability of the whole, then those without each piece: a weight per piece, from -1 to 1."""
    odds = log_odds(probabilities)
    weights: list[float] = as_weights(odds[0] - odds[1:]).tolist()
    return weights


def as_weights(falls: np.ndarray) -> np.ndarray:
    """By how much odds fall, as shares of the largest change; all zero if nothing changes them much."""
    largest = float(np.abs(falls).max())
    weights: np.ndarray = falls / largest if largest >= MIN_CHANGE else 0 * falls
    return weights


def caption_of(arrays: LabelArrays, index: int, name: str, example: str, *, known: bool) -> str:
    """What was predicted and what is true, if that is known, and for which class it is explained."""
    mistake = mistake_at(arrays, index)
    about = ""
    if arrays.multi_label:
        assert arrays.scores is not None
        probability = arrays.scores[index, arrays.classes.index(name)]
        about = f"; shaded for {name} {100 * probability:.0f} %"
    true = f", is {mistake.shown_true}" if known else ""
    return f"{mistake.shown_taken}{true}{about}\n{example}"
