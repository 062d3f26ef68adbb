"""Which evaluators a score may do without if they fail, and what is then said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from suite.contributions import Contributed, Evaluator, Task
from suite.errors import SuiteError, UserError
from suite.plugin_frames import where

LeaveOut = Callable[[Contributed[Evaluator[Any]], Exception], str | None]
"""What is said of an evaluator that failed, which is then left out; None if its error is to be raised."""


def added_may_fail(
    task: Contributed[Task], evaluators: Sequence[Contributed[Evaluator[Any]]], *, defects: bool
) -> LeaveOut:
    """Leave out an evaluator that was added to the task's own and does not score these predictions.

    A task's own evaluators, and whichever gives the metric by which weights are chosen, are needed.

    Args:
        task: whose own evaluators are needed.
        evaluators: those that score.
        defects: whether one that raises something else than `UserError` is left out too: a training of hours
            is not lost to a defect of what only scores it.
    """
    needed = [each for each in evaluators if each.plugin == task.plugin and each.name in task.item.evaluators]
    needed += [each for each in evaluators if task.item.metric in each.item.metrics][:1]

    def leave_out(evaluator: Contributed[Evaluator[Any]], error: Exception) -> str | None:
        if evaluator in needed or not (defects or isinstance(error, UserError)):
            return None
        return f"not scored with {evaluator}: {reason_of(error)}"

    return leave_out


def said_once(leave_out: LeaveOut, say: Callable[[str], None]) -> LeaveOut:
    """The same, that says of each evaluator the first time that it was left out."""
    said = set()

    def leave_out_and_say(evaluator: Contributed[Evaluator[Any]], error: Exception) -> str | None:
        note = leave_out(evaluator, error)
        if note is not None and evaluator.full_name not in said:
            said.add(evaluator.full_name)
            say(note)
        return note

    return leave_out_and_say


def reason_of(error: Exception) -> str:
    """Why something of a plugin failed: what it says itself, else what was raised and where."""
    if isinstance(error, SuiteError):
        return str(error)
    text = f": {error}" if str(error) else ""
    return f"a defect of it, {type(error).__name__}{where(error)}{text}"
