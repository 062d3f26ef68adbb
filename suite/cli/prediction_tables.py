"""Predictions as a table: a header, and a row for each input."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from suite.cli.prediction_sink import PredictionSink
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.prediction.inputs import Inputs
    from suite.prediction.results import Result

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""By the endings of tables."""

HEADER = "input"
"""What the first column is called, by which such a file is known again."""


class TableFile(PredictionSink):
    """A CSV file with a column for each field of the predictions; see `cells`.

    It appears when it is complete, or when it is interrupted. An input without a prediction has no row.

    Args:
        path: the file; its ending says what divides the cells.
    """

    def __init__(self, path: Path) -> None:
        self.written = []
        self._path = path
        self._columns: list[str] = []
        self._file: IO[str]

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        from suite.files import atomic_path

        interrupted = None
        with (
            atomic_path(self._path) as temporary,
            temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as self._file,
        ):
            self._rows = csv.writer(
                self._file, delimiter=DELIMITERS[self._path.suffix.lower()], lineterminator="\n"
            )
            try:
                yield
            except KeyboardInterrupt as stop:
                interrupted = stop
            if not self._columns:
                self._rows.writerow([HEADER])
        self.written.append(self._path)
        if interrupted is not None:
            raise interrupted

    def add(self, result: Result) -> None:
        if result.error is not None:
            return
        row = {HEADER: result.name, **cells(result.prediction)}
        if not self._columns:
            self._columns = list(row)
            self._rows.writerow(self._columns)
        if list(row) != self._columns:
            other = next(iter(set(row) ^ set(self._columns)), "")
            raise UserError(
                f"the predictions are no table, for only some have '{other}': write them as JSON lines, to"
                f" {self._path.with_suffix('.jsonl')}"
            )
        self._rows.writerow(row.values())


def cells(prediction: Any) -> dict[str, Any]:
    """The cells of a prediction by their columns.

    A field is a column. A mapping to numbers (scores of classes) has a column for each key, `field.key`; a
    list of words is joined by `|`, and anything else is JSON.
    """
    import msgspec

    plain = msgspec.to_builtins(prediction)
    fields = plain if isinstance(plain, Mapping) else {"prediction": plain}
    row: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping) and value and all(_is_number(number) for number in value.values()):
            row |= {f"{name}.{key}": number for key, number in value.items()}
        else:
            row[name] = _cell(value)
    return row


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _cell(value: Any) -> Any:
    import msgspec

    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list) and all(isinstance(word, str) and "|" not in word for word in value):
        return "|".join(value)
    return msgspec.json.encode(value).decode()
