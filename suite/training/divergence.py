"""When a training has gone wrong: a loss that is no number, or one that is absurd and stays so.

A learning rate that is far too high does not always end in a loss that is not finite: the loss may rise to
thousands and stay there, or jump and leave a network that gives the same for every input. Both are told from
an unlucky stretch by how long they last, so that no training that would have recovered is ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from suite.errors import RunError
from suite.wording import number, short

ABSURD = 100.0
"""A loss is absurd if it is more than this many times that of the first step (or this value itself, for a
first loss below 1: a network that was trained before begins near 0)."""

MAX_ABSURD_STEPS = 50
"""How many steps in a row may have an absurd loss: a rise of the learning rate makes single ones."""

_RISEN = 2.0


class DivergedError(RunError):
    """A training whose loss left the range in which anything is learned."""


@dataclass(frozen=True)
class Losses:
    """What is known of the losses of a training: part of a checkpoint.

    Attributes:
        first: of the first step; None before it.
        epoch_sum: of the steps of this epoch.
        absurd_steps: how many of the last steps in a row had an absurd loss.
    """

    first: float | None = None
    epoch_sum: float = 0.0
    absurd_steps: int = 0

    def after(self, mean: float, in_epoch: int, done: int) -> Losses:
        """The losses after more steps.

        Args:
            mean: the mean loss of the epoch so far.
            in_epoch: how many steps of the epoch are done.
            done: how many of them since the last call.
        """
        before = self.epoch_sum if in_epoch > done else 0.0
        loss = (mean * in_epoch - before) / done
        first = loss if self.first is None else self.first
        absurd = self.absurd_steps + done if loss > _limit(first) else 0
        return replace(self, first=first, epoch_sum=mean * in_epoch, absurd_steps=absurd)

    def is_absurd(self, loss: float) -> bool:
        """Whether a loss is no number, or far above the first one."""
        return not math.isfinite(loss) or (self.first is not None and loss > _limit(self.first))


def _limit(first: float) -> float:
    return ABSURD * max(abs(first), 1.0)


def check_steps(losses: Losses, mean: float, *, step: int, epoch: int, rate: float, advice: str) -> None:
    """Refuse to go on with a loss that is not finite, or has been absurd for `MAX_ABSURD_STEPS` steps.

    Args:
        losses: up to this step.
        mean: the mean loss of the epoch so far.
        step: the global one.
        epoch: from 1.
        rate: the learning rate of the step.
        advice: what to do, as `advice` gives it.

    Raises:
        DivergedError: saying when, at which learning rate, and what to do.
    """
    where = f"at step {step:,} (epoch {epoch}), when the learning rate was {number(rate)}"
    if not math.isfinite(mean):
        raise DivergedError(f"training diverged: the loss became {mean} {where}; {advice}")
    if losses.absurd_steps >= MAX_ABSURD_STEPS:
        raise DivergedError(
            f"training diverged: the loss was {number(losses.first or 0.0)} at first and {number(mean)}"
            f" {where}; {advice}"
        )


def check_end(losses: Losses, history: Sequence[Mapping[str, float]], advice: str) -> str:
    """Judge a training that came to its end.

    Args:
        losses: at the end.
        history: a row for each epoch.
        advice: what to do, as `advice` gives it.

    Returns:
        A note on a loss that ended above where it began; "" for a training like any other.

    Raises:
        DivergedError: if the loss was absurd, and never came back below the first one.
    """
    if losses.first is None or not history:
        return ""
    last, first = history[-1]["loss"], losses.first
    highest = max(history, key=lambda row: row["loss"])
    if losses.is_absurd(highest["loss"]) and last >= first - 0.01 * abs(first):
        raise DivergedError(
            f"training diverged: the loss was {number(first)} at first, {number(highest['loss'])} in epoch"
            f" {highest['epoch']:g} and {number(last)} in the end; {advice}"
        )
    if last > _RISEN * abs(first) and last - first > 1.0:
        return (
            f"the loss rose from {number(first)} to {number(last)} while training, so the learning rate is"
            f" too high: {advice}"
        )
    return ""


def advice(rate: float, recommended: float) -> str:
    """What to do about a learning rate.

    Args:
        rate: the peak of the schedule.
        recommended: the peak that is the default for this model and data.
    """
    if recommended < rate:
        return f"lower the rate: --learning-rate {short(recommended)} is the default here"
    return f"lower the rate: --learning-rate {short(rate / 10, 2)}, or --set training.clip_norm=1"
