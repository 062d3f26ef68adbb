"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.options import chosen
from suite_text.generation.options import TransformerOptions
from suite_text.generation.survey import Survey

MIN_CONTEXT = 64
MAX_CONTEXT = {"tiny": 256, "small": 512, "medium": 1024, "large": 1024}
"""Tokens that the network sees at once, at most, by default."""

BATCH_TOKENS = (2048, 8192)
"""Tokens in a batch, about: for little text, which needs many steps, and for much."""


def vocabulary_for(data: Survey, options: TransformerOptions) -> int:
    """How many tokens: twice the root of the bytes, and room for all characters."""
    if options.units == "characters":
        return min(20_000, data.characters + 4)
    size = max(2 * data.bytes**0.5, 2.0 * data.characters) + 260
    return int(np.clip(64 * round(size / 64), 512, 16_384))


def transformer_defaults(data: Survey, options: TransformerOptions, bytes_per_token: float) -> dict[str, Any]:
    """The size of the network, how much it sees, and how much it drops."""
    millions = data.bytes / 1e6
    network = chosen(options.network, "tiny" if millions < 5 else "small" if millions < 200 else "medium")
    return {
        "network": network,
        "context": context_for(data, bytes_per_token, MAX_CONTEXT[network]),
        "dropout": 0.1 if millions < 20 else 0.0,
    }


def context_for(data: Survey, bytes_per_token: float, max_context: int) -> int:
    """How many tokens the network sees at once: as many as the longest passage has, within bounds."""
    longest = 1.2 * data.max_size / bytes_per_token + 2
    return int(np.clip(8 * round(longest / 8 + 0.5), MIN_CONTEXT, max_context))


def recipe_for(data: Survey, bytes_per_token: float, context: int) -> dict[str, Any]:
    """Training: AdamW, a short warm-up and a cosine, and as many epochs as make up for little text."""
    seen = np.minimum(data.sizes / bytes_per_token + 2, context)  # tokens of each passage, in an epoch
    of_batch = BATCH_TOKENS[0] if data.bytes < 2e7 else BATCH_TOKENS[1]
    batch_size = int(np.clip(2 ** round(np.log2(of_batch / seen.mean())), 4, 256))
    epochs = int(np.clip(round(14 * (1e6 / seen.sum()) ** 0.5), 2, 60))
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": "adamw",
        "learning_rate": 3e-3,
        "schedule": "cosine",
        "warmup": 0.03,
        "final_learning_rate": 0.05,
        "weight_decay": 0.05,
        "clip_norm": 1.0,
        "ema": 0.0,
        "early_stopping": 0,
        "validation_every": max(1, round(epochs / 10)),
    }


def preset_recipe(data: Survey, bytes_per_token: float, context: int, *, trained: bool) -> dict[str, Any]:
    """For a preset, from its weights if `trained`, else from scratch; common practice, not measured."""
    recipe = recipe_for(data, bytes_per_token, context)
    if not trained:
        return {**recipe, "learning_rate": 5e-4}
    epochs = int(np.clip(recipe["epochs"] // 5, 1, 5))
    return {
        **recipe,
        "epochs": epochs,
        "batch_size": min(8, recipe["batch_size"]),
        "learning_rate": 5e-5,
        "weight_decay": 0.01,
        "validation_every": 1,
    }
