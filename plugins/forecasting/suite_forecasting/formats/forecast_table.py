"""Forecasts as a table: a row for each step of each series, with the median and the quantiles."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from suite import UserError
from suite.kit import atomic_path, unwritable
from suite_forecasting.frequencies import frequency_of, texts
from suite_forecasting.types import Forecast

COLUMNS = ("unique_id", "ds", "y")

DIGITS = 10
"""Of a number: what follows is rounding of float32."""


class ForecastTable:
    """Writes `unique_id`, `ds` and `y`, the median, and a column for each quantile, "q0.1" say.

    Args:
        path: a file; .tsv has tabs, any other ending commas. Or a folder, which gets `forecasts.csv`.
        facts: of the data; not needed.

    Raises:
        suite.UserError: if another file is there already, or it cannot be written.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        del facts
        self._path = path if path.suffix and not path.is_dir() else path / "forecasts.csv"
        delimiter = "\t" if self._path.suffix.lower() == ".tsv" else ","
        _refuse_others(self._path, delimiter.join(COLUMNS).encode())
        with ExitStack() as stack:
            try:
                self._path.parent.mkdir(exist_ok=True)
                temporary = stack.enter_context(atomic_path(self._path))
                file = stack.enter_context(
                    temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                )
            except OSError as error:
                raise unwritable(self._path, error) from None
            self._closing = stack.pop_all()
        self._writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        self._levels: list[float] | None = None

    def add(self, raw: Any, name: str, prediction: Forecast) -> None:
        """Write a row for each step; a series without a name is called as its input is."""
        del raw
        if self._levels is None:
            self._levels = prediction.levels
            self._writer.writerow([*COLUMNS, *(f"q{level:g}" for level in self._levels)])
        median = prediction.median
        times = texts(prediction.start, frequency_of(prediction.frequency), range(len(median)))
        for step, time in enumerate(times):
            numbers = [median[step], *(row[step] for row in prediction.values)]
            self._writer.writerow(
                [prediction.name or name, time, *(f"{number:.{DIGITS}g}" for number in numbers)]
            )

    def close(self) -> Sequence[Path]:
        """Finish the file; without any forecast, it has a header alone."""
        if self._levels is None:
            self._writer.writerow(COLUMNS)
        try:
            self._closing.close()
        except OSError as error:
            raise unwritable(self._path, error) from None
        return [self._path]


def _refuse_others(path: Path, head: bytes) -> None:
    """Refuse to overwrite what is no table of forecasts."""
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            first = file.readline(1000)
    except OSError as error:
        raise unwritable(path, error) from None
    columns = first.strip()
    if columns and columns != head and not columns.startswith((head + b",q", head + b"\tq")):
        raise UserError(f"--out {path} is there already, and holds no forecasts: give another name")
