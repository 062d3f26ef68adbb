"""What codecs of classification share: targets to vectors, logits to classifications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from suite import UserError
from suite_classification.thresholds import Thresholds
from suite_classification.types import Classification


def target_vector(target: str | list[str], classes: Sequence[str]) -> np.ndarray:
    """A class name, or a list of them, to float32 (classes,): 1 for its classes, else 0.

    Raises:
        suite.UserError: for a name that is none of the classes.
    """
    names = target if isinstance(target, list) else [target]
    encoded = np.zeros(len(classes), np.float32)
    for name in names:
        try:
            encoded[classes.index(name)] = 1.0
        except ValueError:
            raise UserError(
                f"'{name}' is none of the {len(classes)} classes that the model was built for"
            ) from None
    return encoded


def classified(
    logits: Any, classes: Sequence[str], *, multi_label: bool, thresholds: Thresholds | None = None
) -> Classification:
    """Logits (classes,) of one example to its classification.

    The scores are a softmax, or a sigmoid each if an example may have several labels, computed in
    float64 so that they sum to one.

    Args:
        logits: of the network.
        classes: the names of the classes.
        multi_label: whether an example may have several labels.
        thresholds: from which score on a label is given, then; None: from one half.

    Raises:
        ValueError: if there is not exactly one logit per class, or a logit is not a number.
    """
    logits = np.asarray(logits, np.float64)
    if logits.shape != (len(classes),):
        raise ValueError(
            f"the network gave outputs of shape {logits.shape} for {len(classes)} classes; it and the codec"
            " do not belong together"
        )
    top = float(logits.max())
    if math.isnan(top):  # as it is if any of them is
        raise ValueError("the network's output is not a number (NaN); its weights are broken")
    if multi_label:
        scores = np.exp(-np.logaddexp(0.0, -logits))
        named = dict(zip(classes, scores.tolist(), strict=True))
        return Classification(label=(thresholds or Thresholds()).labels(named), scores=named)
    powers = np.exp(logits - top) if math.isfinite(top) else (logits == top).astype(np.float64)
    scores = powers / powers.sum()
    return Classification(
        label=classes[int(logits.argmax())], scores=dict(zip(classes, scores.tolist(), strict=True))
    )


def averaged(
    predictions: Sequence[Classification], *, multi_label: bool, thresholds: Thresholds | None = None
) -> Classification:
    """The classification whose scores are the means of several ones, of the same classes."""
    scores = {
        name: sum(prediction.scores[name] for prediction in predictions) / len(predictions)
        for name in predictions[0].scores
    }
    if multi_label:
        return Classification(label=(thresholds or Thresholds()).labels(scores), scores=scores)
    return Classification(label=max(scores, key=scores.__getitem__), scores=scores)


def likeliest(prediction: Classification, top: int) -> Classification:
    """A classification with the `top` highest scores only, the highest first; 0 keeps all as they are."""
    if not top:
        return prediction
    scores = dict(sorted(prediction.scores.items(), key=lambda item: -item[1])[:top])
    return Classification(label=prediction.label, scores=scores)
