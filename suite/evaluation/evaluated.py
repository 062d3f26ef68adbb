"""What one evaluator gives, called, timed and checked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from suite.contributions import Contributed, Evaluator
from suite.errors import PluginError, SuiteError, attributed
from suite.evaluation.checks import described
from suite.evaluation.intervals import MIN_RESAMPLES, RESAMPLES, Intervals, affordable_resamples, bootstrap
from suite.evaluation.types import Details, Evaluation, Pairs
from suite.figures import Figure
from suite.options import parse


class Evaluated:
    """What one evaluator gave, checked: its finite numbers, and how to get more of them."""

    def __init__(
        self, evaluator: Contributed[Evaluator[Any]], pairs: Pairs, values: Mapping[str, Any]
    ) -> None:
        self.evaluator = evaluator
        self.pairs = pairs
        self.options = parse(evaluator.item.options, values, f"evaluator '{evaluator.name}'")
        start = time.perf_counter()
        with attributed(str(evaluator)):
            given = evaluator.item.evaluate(pairs, self.options)
        self.seconds = time.perf_counter() - start
        self.evaluation = given if isinstance(given, Evaluation) else None
        self.numbers: dict[str, float] = {}
        self.missing: dict[str, float] = {}
        self.notes: dict[str, str] = {}
        self.details: Details = {}
        self.figures: Callable[[], Sequence[Figure]] = tuple
        self.point_only: set[str] = set()
        if self.evaluation is None:
            self._take(self._checked(given))
            return
        with attributed(str(evaluator)):
            resampled = self._checked(self.evaluation.score(np.arange(len(pairs))))
            point_only = self._checked(self.evaluation.point_only())
            details = self.evaluation.details()
        self.details = self._checked_details(details)
        self.notes = self._checked_notes(self.evaluation.notes)
        self.figures = self.evaluation.figures
        self.point_only = set(point_only)
        self._take({**resampled, **point_only})

    def _take(self, numbers: Mapping[str, float]) -> None:
        for name, number in numbers.items():
            if math.isfinite(number):
                self.numbers[name] = number
            elif name not in self.notes:
                self.missing[name] = number

    def _checked(self, given: Any, where: str = "") -> dict[str, float]:
        if not isinstance(given, Mapping):
            wanted = (
                "a mapping of names to numbers" if where else "an Evaluation or a mapping of names to numbers"
            )
            raise PluginError(
                f"{self.evaluator} gave {where or 'scores'} that are {type(given).__name__}, not {wanted}"
            )
        for name, number in given.items():
            if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
                raise PluginError(f"{self.evaluator} gave {name} = {number!r}, which is not a number")
        return {str(name): float(number) for name, number in given.items()}

    def _checked_details(self, given: Any) -> Details:
        for name, table in given.items() if isinstance(given, Mapping) else [("", None)]:
            if not isinstance(table, Mapping):
                raise PluginError(
                    f"{self.evaluator} gave details that are not tables of numbers by name and row ('{name}'"
                    f" is {type(table).__name__})"
                )
            for row in table.values():
                self._checked(row, f"details '{name}'")
        details: Details = given
        return details

    def _checked_notes(self, given: Any) -> dict[str, str]:
        if not isinstance(given, Mapping) or not all(isinstance(note, str) for note in given.values()):
            raise PluginError(f"{self.evaluator} gave notes {given!r}: give a sentence for a number's name")
        return {str(name): note for name, note in given.items()}

    def intervals_or_none(self, seed: int) -> tuple[Intervals, dict[str, str]]:
        """As `intervals`; a failure of the evaluator on resampled examples is a remark."""
        try:
            return self.intervals(seed)
        except Exception as error:  # noqa: BLE001 - the scores themselves are known
            reason = str(error) if isinstance(error, SuiteError) else described(error)
            return {}, dict.fromkeys(
                self.numbers, f"no interval, for a defect of {self.evaluator} on resampled examples: {reason}"
            )

    def intervals(self, seed: int) -> tuple[Intervals, dict[str, str]]:
        """The intervals by number, and remarks on those that are missing or come from fewer resamples."""
        numbers = {name: number for name, number in self.numbers.items() if name not in self.point_only}
        resamples = RESAMPLES if self.evaluation is not None else affordable_resamples(self.seconds)
        if not resamples and len(self.pairs) > 1:
            reason = f"no interval, scoring takes {self.seconds:.1f} s and would have to be done"
            return {}, dict.fromkeys(numbers, f"{reason} {MIN_RESAMPLES} times")
        return bootstrap(
            self._again,
            numbers,
            len(self.pairs),
            metrics=self.evaluator.item.metrics,
            groups=self.pairs.groups,
            resamples=resamples,
            seed=seed,
        )

    def _again(self, indices: np.ndarray) -> Mapping[str, float]:
        with attributed(str(self.evaluator)):
            if self.evaluation is not None:
                return self._checked(self.evaluation.score(indices))
            return self._checked(self.evaluator.item.evaluate(self.pairs.at(indices), self.options))
