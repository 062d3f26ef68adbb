"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite_text.translation.survey import Survey

MAX_LENGTH = 1024
"""Tokens of a text that are read at once, at most, by default."""

BATCH_TOKENS = 1100
"""Tokens of sources, and of translations, in a batch, about."""


def choices_for(data: Survey) -> dict[str, Any]:
    """Values for the builder's options that are "auto", except `max_length`, which needs the vocabulary.

    Little data is learned best by a small network with much dropout (Wu et al., Good for Misconceived
    Reasons, 2021, appendix A: on the 29,000 pairs of Multi30k the network of width 128 does best).
    """
    few = data.count < 200_000
    return {
        "network": "tiny" if few else "small" if data.count < 2_000_000 else "medium",
        "vocabulary": int(np.clip(2000 * round(np.sqrt(data.count) / 57), 1000, 32_000)),
        "dropout": 0.2 if few else 0.1,
    }


def max_length_for(counts: np.ndarray) -> int:
    """Tokens that are read at once: those of the longest text, twice as many if all are short."""
    longest = int(counts.max(initial=1))
    return int(np.clip(-(-max(longest, min(2 * longest, 128)) // 8) * 8, 32, MAX_LENGTH))


def recipe_for(data: Survey, counts: np.ndarray) -> dict[str, Any]:
    """Training: Adam with a warm-up and a cosine, averaged weights, more epochs the fewer pairs there are.

    Args:
        data: the survey of the data.
        counts: (pairs,), tokens of each pair's longer text.
    """
    batch_size = int(np.clip(2 ** round(np.log2(BATCH_TOKENS / counts.mean())), 4, 256))
    batch_size = min(batch_size, 2 ** int(np.log2(max(4, data.count / 8))))
    epochs = int(np.clip(round(24 * (29_000 / data.count) ** 0.5), 3, 200))
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "warmup": 0.08,
        "final_learning_rate": 0.02,
        "weight_decay": 0.01,
        "clip_norm": 1.0,
        "ema": 0.998,
        "early_stopping": 0,
        "validation_every": max(1, round(epochs / 10)),
    }
