"""What codecs of classification share: targets to vectors, logits to classifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite import UserError
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


def classified(logits: Any, classes: Sequence[str], *, multi_label: bool) -> Classification:
    """Logits (classes,) of one example to its classification.

    The scores are a softmax, or a sigmoid each if an example may have several labels, computed in
    float64 so that they sum to one.

    Raises:
        ValueError: if there is not exactly one logit per class, or a logit is not a number.
    """
    logits = np.asarray(logits, np.float64)
    if logits.shape != (len(classes),):
        raise ValueError(
            f"the network gave outputs of shape {logits.shape} for {len(classes)} classes; it and the codec"
            " do not belong together"
        )
    if np.isnan(logits).any():
        raise ValueError("the network's output is not a number (NaN); its weights are broken")
    if multi_label:
        scores = np.exp(-np.logaddexp(0.0, -logits))
        labels = [name for name, score in zip(classes, scores, strict=True) if score >= 0.5]
        return Classification(label=labels, scores=dict(zip(classes, scores.tolist(), strict=True)))
    top = np.max(logits)
    powers = np.exp(logits - top) if np.isfinite(top) else (logits == top).astype(np.float64)
    scores = powers / powers.sum()
    return Classification(
        label=classes[int(np.argmax(logits))], scores=dict(zip(classes, scores.tolist(), strict=True))
    )


def asked(prediction: Classification, *, threshold: float | None = None, top: int = 0) -> Classification:
    """A classification with the labels and scores that somebody asks for.

    Args:
        prediction: with the scores of all classes.
        threshold: the least score of a label. If examples have exactly one and its score is below, they get
            none, an empty text. None: labels stay as they are.
        top: how many scores are kept, the highest first; 0: all, in the order of the classes.
    """
    label, scores = prediction.label, prediction.scores
    if threshold is not None and isinstance(label, list):
        label = [name for name, score in scores.items() if score >= threshold]
    elif threshold is not None and isinstance(label, str) and scores.get(label, 1.0) < threshold:
        label = ""
    if top:
        scores = dict(sorted(scores.items(), key=lambda item: -item[1])[:top])
    return Classification(label=label, scores=scores)
