"""Training batches of windows: in every epoch each window begins at another step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from suite.data import Example
from suite_forecasting.encoding import filled, history_of, last, logarithms, scaled
from suite_forecasting.metrics import truth

MAX_DEVIATION = 10.0
"""Standard deviations of its window that a target may be away before it weighs less. One jump after a quiet
window would else be most of a batch's loss."""


class Prepared(NamedTuple):
    """The end of a series, joined with what came, of the same lengths for all examples.

    Attributes:
        values: float64 (context + 2 * horizon - 1,); the last `horizon` are the target.
        known: float64 (context + 2 * horizon - 1, K).
        past: float64 (context + horizon - 1, P).
        max_shift: how many steps the cutoff may be moved back.
    """

    values: np.ndarray
    known: np.ndarray
    past: np.ndarray
    max_shift: int


@dataclass(frozen=True, kw_only=True)
class WindowBatches:
    """Makes the training batches: implements `suite.pipeline.BatchMaker`.

    Training examples are `horizon` steps apart. Moving the cutoff of each back by a random number of steps
    below that shows all windows there are, each about once in `horizon` epochs.

    Attributes:
        context: values that the network sees.
        horizon: values that it predicts.
        known_means: float64 (K,), what stands for missing values of covariates that are known in the future.
        past_means: float64 (P,), the same for those that are known up to now.
        min_history: values that a window keeps before its cutoff, if the series has them.
    """

    context: int
    horizon: int
    known_means: np.ndarray
    past_means: np.ndarray
    min_history: int = 2

    def prepare(self, example: Example) -> Prepared:
        """The end of the series and what came.

        Raises:
            suite.UserError: for an input or a target that is no list of numbers.
        """
        history = history_of(example.input)
        before = self.context + self.horizon - 1
        target = np.full(self.horizon, np.nan)
        values = truth(example.target, example.id).values[: self.horizon]
        target[: len(values)] = values
        known, past = history.known, history.past
        none = np.zeros((0, 0))
        return Prepared(
            values=np.concatenate([last(history.values, before), target]),
            known=last(none if known is None else known, before + self.horizon),
            past=last(none if past is None else past, before),
            max_shift=int(np.clip(len(history.values) - self.min_history, 0, self.horizon - 1)),
        )

    def make(
        self, prepared: Sequence[Prepared], rng: np.random.Generator, progress: float
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """A batch with cutoffs moved back at random: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: not used.

        Returns:
            float32 "values" and "observed" (batch, context), "ratio" (batch, 1), and "known" (batch,
            context + horizon, K) and "past" (batch, context, P) if there are any; and float32 targets (batch,
            horizon, 3): each value in the units of its window, its weight, the value in logarithmic units.
        """
        values, known, past, shifts = zip(*prepared, strict=True)
        # One number for each example, whatever its series allows: what one draws changes no other.
        moved = np.floor(rng.random(len(shifts)) * (np.array(shifts) + 1)).astype(int)
        begins = self.horizon - 1 - moved
        taken = _cut(np.stack(values), begins, self.context + self.horizon)
        windows = scaled(taken[:, : self.context])
        inputs = {
            "values": windows.values,
            "observed": windows.observed,
            "ratio": windows.ratio[:, None],
        }
        if len(self.known_means):
            inputs["known"] = filled(_cut(np.stack(known), begins, taken.shape[1]), self.known_means)
        if len(self.past_means):
            inputs["past"] = filled(_cut(np.stack(past), begins, self.context), self.past_means)
        targets = (taken[:, self.context :] - windows.center[:, None]) / windows.factor[:, None]
        seen = np.isfinite(targets) & windows.varies[:, None]
        targets = np.where(seen, targets, 0.0)
        farthest = np.abs(targets).max(axis=1, keepdims=True)
        weights = np.where(seen, np.minimum(1.0, MAX_DEVIATION / np.maximum(farthest, 1e-9)), 0.0)
        columns = [targets, weights, np.where(seen, logarithms(targets, windows.ratio), 0.0)]
        return inputs, np.stack(columns, axis=-1).astype(np.float32)


def _cut(rows: np.ndarray, begins: np.ndarray, count: int) -> np.ndarray:
    """Of each of the rows `count` steps from its own beginning on: (batch, count, ...)."""
    return rows[np.arange(len(rows))[:, None], begins[:, None] + np.arange(count)]
