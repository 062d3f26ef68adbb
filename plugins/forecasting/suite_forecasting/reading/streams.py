"""The series of a file at prediction: read as those that the network learned from, and strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite import UserError
from suite.kit import tables
from suite.sources import Source, source
from suite_forecasting.examples import history_of
from suite_forecasting.frequencies import frequency_of
from suite_forecasting.options import TableOptions, names_in
from suite_forecasting.reading.columns import check_cells, columns_of
from suite_forecasting.reading.layout import layout_of, options_of
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.rows import rows_of
from suite_forecasting.reading.series import Gathering, Series
from suite_forecasting.reading.shapes import reshaped
from suite_forecasting.types import History

MAX_HISTORY = 1_000_000

_MARKS = (b",", b";", b"\t", b"|", b"\n", b"[", b"{")
"""What is before or after each cell of a text, or each value of JSON."""


@dataclass(frozen=True)
class SeriesStream:
    """The series of a file, one after the other: a `suite.pipeline.Stream`.

    Attributes:
        source: the file.
        columns: the fact of this name.
        frequency: that the series are to have.
        horizon: steps that are predicted.
        known: covariates that are known in the future.
        past: covariates that are known up to now.
    """

    source: Source
    columns: Mapping[str, Any]
    frequency: str
    horizon: int
    known: Sequence[str]
    past: Sequence[str]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.source.name

    @property
    def total(self) -> int | None:
        """How many there are is known when the file has been read."""
        return None

    @property
    def live(self) -> bool:
        """The file is there."""
        return False

    def __iter__(self) -> Iterator[History]:
        for series in self.series():
            yield history_of(series, len(series.values), self.horizon, MAX_HISTORY)

    def series(self) -> list[Series]:
        """All series, up to their last values.

        Raises:
            suite.UserError: if the file cannot be read as the data that the network learned from was, or has
                something in it that would have to be left out.
        """
        problems = SeriesProblems()
        from suite_forecasting.loaders.gluonts import is_gluonts, rows_of_gluonts
        from suite_forecasting.loaders.tsf import SUFFIXES, rows_of_tsf

        content, name = self.source.read(), self.source.name
        _check_size(content, name)
        options = (
            options_of(self.columns)
            if self.columns
            else TableOptions(known=tuple(self.known), past=tuple(self.past))
        )
        gathering = Gathering(options, problems, known=len(self.known))
        if is_gluonts(content, name):
            for rows in rows_of_gluonts(content, name, problems, frequency=self.frequency):
                gathering.add(rows)
        elif name.lower().endswith(SUFFIXES):
            for rows in rows_of_tsf(content, name, problems, frequency=self.frequency):
                gathering.add(rows)
        else:
            table = reshaped(columns_of(content, name, problems, bounded=True))
            layout, _ = layout_of(table, _for_table(options, table.cells))
            gathering.add(rows_of(table, layout, problems))
        expected = frequency_of(self.frequency) if self.frequency else None
        series = gathering.series(expected)
        if wrong := problems.wrong():
            raise UserError(f"{'; '.join(wrong)}. Put this right first; a missing value is an empty cell")
        return series


def _check_size(content: bytes, name: str) -> None:
    """Refuse a text of more cells than fit into the memory of one input, before it is taken apart.

    Raises:
        suite.UserError: saying how many.
    """
    if name.lower().endswith(tables.PACKED):  # their rows are counted as they are read
        return
    text = tables.unpacked(content, name)[0]
    check_cells(name, sum(map(text.count, _MARKS)), len(text))


def _for_table(options: TableOptions, names: Mapping[str, Any]) -> TableOptions:
    """The options for another table: it need not name its only series, nor have all of a wide one."""
    import msgspec

    if not any(name in names for name in names_in(options.id)):
        options = msgspec.structs.replace(options, id=())
    targets = names_in(options.target)
    if len(targets) > 1:
        there = tuple(name for name in targets if name in names)
        options = msgspec.structs.replace(options, target=there)
    return options


def series_in(
    raw: Any,
    columns: Mapping[str, Any],
    frequency: str,
    horizon: int,
    known: Sequence[str],
    past: Sequence[str],
) -> SeriesStream:
    """The series of a file; see `SeriesStream`."""
    return SeriesStream(source(raw), columns, frequency, horizon, known, past)


def single_series(
    raw: Any,
    columns: Mapping[str, Any],
    frequency: str,
    horizon: int,
    known: Sequence[str],
    past: Sequence[str],
) -> History:
    """The only series of a file.

    Raises:
        suite.UserError: if it holds several, or none.
    """
    stream = series_in(raw, columns, frequency, horizon, known, past)
    series = stream.series()
    if len(series) != 1:
        raise UserError(f"{stream.name} holds {len(series)} series, and is predicted as a file of many")
    return history_of(series[0], len(series[0].values), horizon, MAX_HISTORY)
