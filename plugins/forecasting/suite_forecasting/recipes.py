"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite_forecasting.survey import Survey

CONTEXT = 10.5
"""Horizons that the longest member sees: three weeks of hours for two days."""

SHARES = ((1.0, True), (1 / 3, False), (2 / 3, True), (4 / 21, False))
"""The parts of the context that members see, in turn (of hours: three, one and two weeks, and four days), and
whether they see logarithms. On hours of the M4 competition, logarithms made sMAPE better (10.7 instead of
12.2, of validation) and MASE worse (0.885 instead of 0.848); with both kinds they were 11.3 and 0.859."""

LITTLE = 1000
"""Windows, up to which a network is linear: its layers would learn them by heart."""

STEPS = (400, 3600, 20_000)
"""Steps of a training: at least, for `WINDOWS`, and at most."""

WINDOWS = 6000
MAX_EPOCHS = 400


def context_for(data: Survey) -> int:
    """How many values a network sees: whole seasons, no more than the longest history has."""
    wanted = CONTEXT * max(data.horizon, data.season)
    return max(2, min(whole_seasons(wanted, data.season), data.length))


def whole_seasons(steps: float, season: int) -> int:
    """Some number of steps, to the next whole season if it is at least one."""
    if steps < season:
        return max(1, round(steps))
    return season * max(1, round(steps / season))


def member_contexts(context: int, season: int, members: int) -> list[tuple[int, bool]]:
    """How much of the context each member sees, and whether in logarithms."""
    shares = [SHARES[index % len(SHARES)] for index in range(members)]
    return [
        (min(context, max(2, whole_seasons(share * context, season))), logarithmic)
        for share, logarithmic in shares
    ]


def layer_defaults(data: Survey, **values: Any) -> dict[str, Any]:
    """The options of networks with several layers."""
    return {"context": context_for(data), "members": 4, "dropout": 0.1, **values}


def recipe_for(data: Survey, **values: Any) -> dict[str, Any]:
    """Training: AdamW without decay, a short warm-up and a cosine; more steps for more windows."""
    batch_size = int(np.clip(2 ** np.floor(np.log2(max(1, data.examples) / 4)), 4, 64))
    low, middle, high = STEPS
    steps = float(np.clip(middle * (data.examples / WINDOWS) ** 0.5, low, high))
    epochs = int(np.clip(round(steps / -(-data.examples // batch_size)), 2, MAX_EPOCHS))
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "warmup": 0.05,
        "final_learning_rate": 0.01,
        "weight_decay": 0.0,
        "clip_norm": 1.0,
        "ema": 0.0,
        "early_stopping": 0,
        "validation_every": max(1, round(epochs / 20)),
        **values,
    }
