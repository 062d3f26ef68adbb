"""Recordings of several channels as one."""

from __future__ import annotations

import numpy as np

CANCELED = 0.05
"""Two channels cancel each other out if less than this share of their power is left in their mean: one of
them is inverted, as a microphone that is wired the wrong way round gives it."""


def one_channel(samples: np.ndarray, channel: int | None = None) -> np.ndarray:
    """A channel, counted from 0, or the mean of all: (samples, channels) as (samples,), float32.

    Of two channels one of which is inverted half the difference is taken, in which they do not cancel out.
    """
    if channel is not None or samples.shape[1] == 1:
        picked: np.ndarray = samples[:, channel or 0]
        return picked
    mean: np.ndarray = samples.mean(axis=1, dtype=np.float32)
    if (
        samples.shape[1] == 2
        and _power(mean) < CANCELED * (_power(samples[:, 0]) + _power(samples[:, 1])) / 2
    ):
        difference: np.ndarray = (samples[:, 0] - samples[:, 1]) / 2
        return difference
    return mean


def _power(samples: np.ndarray) -> float:
    return float(np.vdot(samples, samples)) / max(1, len(samples))
