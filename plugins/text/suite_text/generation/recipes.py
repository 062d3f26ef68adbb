"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite_text.generation.options import TransformerOptions
from suite_text.generation.survey import Survey

LEAST_CONTEXT = 64
MOST_CONTEXT = {"tiny": 256, "small": 512, "medium": 1024, "large": 1024}
"""Tokens that are seen at once, at most, by default."""

BATCH_TOKENS = (2048, 8192)
"""Tokens in a batch, about: of little text, which wants many steps, and of much."""


def vocabulary_for(found: Survey, options: TransformerOptions) -> int:
    """How many tokens: twice the root of the bytes, and room for the characters that there are."""
    if options.units == "characters":
        return min(20_000, found.characters + 4)
    size = max(2 * found.bytes**0.5, 2.0 * found.characters) + 260
    return int(np.clip(64 * round(size / 64), 512, 16_384))


def transformer_defaults(
    found: Survey, options: TransformerOptions, bytes_per_token: float
) -> dict[str, Any]:
    """The size of the network, how much it sees, and how much it drops."""
    millions = found.bytes / 1e6
    network = options.network
    if network == "auto":
        network = "tiny" if millions < 5 else "small" if millions < 200 else "medium"
    return {
        "network": network,
        "context": context_for(found, bytes_per_token, MOST_CONTEXT[network]),
        "dropout": 0.1 if millions < 20 else 0.0,
    }


def context_for(found: Survey, bytes_per_token: float, most: int) -> int:
    """How many tokens are seen at once: as many as the longest passage has, within bounds."""
    longest = 1.2 * found.longest / bytes_per_token + 2
    return int(np.clip(8 * round(longest / 8 + 0.5), LEAST_CONTEXT, most))


def recipe_for(found: Survey, bytes_per_token: float, context: int) -> dict[str, Any]:
    """Training: AdamW, a short warm-up and a cosine, and as many epochs as make up for little text."""
    seen = np.minimum(found.sizes / bytes_per_token + 2, context)  # tokens of each passage, in an epoch
    of_batch = BATCH_TOKENS[0] if found.bytes < 2e7 else BATCH_TOKENS[1]
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


def preset_recipe(found: Survey, bytes_per_token: float, context: int, *, trained: bool) -> dict[str, Any]:
    """For a preset, from its weights where `trained`, else from scratch; as others do it, not measured."""
    recipe = recipe_for(found, bytes_per_token, context)
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
