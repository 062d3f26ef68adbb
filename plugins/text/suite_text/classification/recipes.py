"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.options import chosen
from suite_text.classification.options import BagOptions
from suite_text.classification.survey import Survey

Choices = tuple[dict[str, Any], dict[str, Any]]
"""Values for the builder's options that are "auto", and values for the training options."""

UNBALANCED = 20.0
"""Classes are weighted from this ratio of the largest class to the smallest on. On questions, where it is 15,
weights made all scores worse: accuracy 0.850 against 0.854, balanced accuracy 0.793 against 0.802."""

MAX_LENGTH = 512
"""Tokens that are read at once, at most, unless the user gives another number."""


def epochs_for(texts: int, at_ten_thousand: float, min_epochs: int, max_epochs: int) -> int:
    """A number of epochs: `at_ten_thousand` for ten thousand texts, half as many for four times as many."""
    return int(max(min_epochs, min(max_epochs, round(at_ten_thousand * (10_000 / max(texts, 1)) ** 0.5))))


def batch_for(texts: int, max_batch: int) -> int:
    """A power of two of at most `max_batch` that leaves at least about 32 steps in an epoch."""
    batch = 4
    while batch * 2 <= max_batch and batch * 2 * 32 <= texts:
        batch *= 2
    return batch


def _common(data: Survey) -> dict[str, Any]:
    return {
        "label_smoothing": 0.0,
        "class_weights": not data.multi_label and data.imbalance >= UNBALANCED,
    }


def _training(**values: Any) -> dict[str, Any]:
    common = {"optimizer": "adamw", "schedule": "cosine", "warmup": 0.1, "weight_decay": 0.0}
    return {**common, "ema": 0.0, "clip_norm": 1.0, "early_stopping": 0, **values}


BAG_RATE = 2e-3
"""Learning rate of hidden layers and convolutions beside n-grams."""


def bag_defaults(
    data: Survey, options: BagOptions
) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
    """For `bag_networks` with the members that `options` ask for; and the layers that learn by momentum.

    Measured on 5,452 questions and 6,920 movie reviews, in five-fold cross-validation of a linear support
    vector machine: n-grams of up to three words against up to two 0.874 against 0.871 and 0.816 against
    0.814; of three to five characters beside two words against without 0.871 against 0.866 and 0.812 against
    0.801. A hidden layer brought nothing on the questions, nor on headlines. Label smoothing of 0.1 at a rate
    of 0.2 against none at 0.15, of the linear part: 0.871 against 0.866 on the questions, and 0.896 against
    0.887 on the validation split of 33,494 headlines, where seven epochs gave 0.900 and four 0.896.
    Convolutions that know the parts of words, beside the linear part, against the linear part alone: 0.883
    against 0.874 on the questions, in cross-validation, but 0.896 against 0.900 on the headlines, by
    characters.
    """
    choices = {
        **_common(data),
        "label_smoothing": 0.0 if data.multi_label else 0.1,
        "words": 2 if data.without_spaces else 3,
        "characters": (1, 2) if data.without_spaces else (3, 5),
        "across_words": data.without_spaces,
        "min_count": 1 if data.count <= 50_000 else 2,
        "width": 0,
        "filters": 0 if data.without_spaces else 128,
        "parts": not data.without_spaces,
        "dropout": 0.5,
        "ngram_dropout": 0.0,
        "word_dropout": 0.2,
    }
    sizes = (chosen(options.width, 0), chosen(options.filters, choices["filters"]))
    members = 1 + sum(size > 0 for size in sizes)
    batch = batch_for(data.count, 64)
    epochs = epochs_for(data.count, 13, 5, 30)
    linear_rate = round(0.2 * members * (batch / 64), 4)  # the loss is the mean over members
    recipe = _training(
        epochs=epochs,
        batch_size=batch,
        # The loss of a linear classifier has one minimum and the rate falls to zero: the last weights are the
        # best, and the best on a small validation split would be so by chance.
        validation_every=epochs,
        optimizer="sgd" if members == 1 else "adamw",
        momentum=0.9,
        learning_rate=linear_rate if members == 1 else BAG_RATE,
        clip_norm=0.0,
    )
    layers = {} if members == 1 else {"ngram_sums": linear_rate / BAG_RATE}
    return choices, recipe, layers


def _max_length(data: Survey, units: str) -> int:
    """How many tokens are enough for nearly all texts, at most `MAX_LENGTH`."""
    per_word = {"words": 1.0, "characters": 1.0 if data.without_spaces else 6.0}.get(units, 1.6)
    wanted = 1.2 * per_word * float(np.percentile(data.words, 99))
    return int(min(MAX_LENGTH, max(32, 16 * np.ceil(wanted / 16))))


def convolutional_defaults(data: Survey, units: str) -> Choices:
    """For `convolutional_network`."""
    units = ("characters" if data.without_spaces else "words") if units == "auto" else units
    choices = {
        **_common(data),
        "units": units,
        "vocabulary": 30_000,
        "max_length": _max_length(data, units),
        "width": 128,
        "filters": 128,
        "dropout": 0.5,
        "embedding_dropout": 0.2,
        "word_dropout": 0.2,
    }
    batch = batch_for(data.count, 64)
    recipe = _training(epochs=epochs_for(data.count, 10, 4, 30), batch_size=batch, learning_rate=2e-3)
    return choices, recipe


def encoder_defaults(data: Survey, units: str) -> Choices:
    """For `encoder_network`."""
    units = ("characters" if data.without_spaces else "bpe") if units == "auto" else units
    subwords = int(np.clip(data.count // 2, 1000, 16_000))
    choices = {
        **_common(data),
        "label_smoothing": 0.0 if data.multi_label else 0.1,
        "units": units,
        "vocabulary": subwords if units in ("bpe", "unigram") else 30_000,
        "max_length": _max_length(data, units),
        "width": 96,
        "depth": 2,
        "heads": 4,
        "dropout": 0.3,
        "block_dropout": 0.1,
        "word_dropout": 0.1,
    }
    batch = batch_for(data.count, 64)
    recipe = _training(
        epochs=epochs_for(data.count, 10, 3, 30),
        batch_size=batch,
        learning_rate=1e-3,
        weight_decay=0.05,
    )
    return choices, recipe


def preset_defaults(data: Survey, trained: bool) -> Choices:
    """For a preset, from its weights if `trained`, else from scratch; common practice, not measured."""
    choices = {
        **_common(data),
        "max_length": _max_length(data, "bpe"),
        "dropout": 0.1,
        "frozen_share": 0.0,
        "backbone_learning_rate": 1.0,
    }
    if trained:
        values = {"epochs": epochs_for(data.count, 3, 2, 10), "learning_rate": 5e-5}
    else:
        values = {"epochs": epochs_for(data.count, 10, 3, 30), "learning_rate": 5e-4}
    recipe = _training(**values, batch_size=batch_for(data.count, 32), weight_decay=0.01)
    return choices, recipe
