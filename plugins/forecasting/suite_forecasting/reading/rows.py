"""The rows of a table, as its layout says: times, values, covariates, and what is neither named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.kit import SPLIT_COLUMNS, SPLIT_NAMES, SPLIT_WORDS
from suite_forecasting.reading.columns import Columns
from suite_forecasting.reading.layout import Layout
from suite_forecasting.reading.numbers import is_missing, numbers
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.series import Rows
from suite_forecasting.reading.times import NO_TIME, times

MAX_NAMED = 1000


def rows_of(
    table: Columns, layout: Layout, problems: SeriesProblems, *, part: int = 0, called: str = ""
) -> Rows:
    """The rows of a table.

    Args:
        table: whose columns are all there.
        layout: says which column is what.
        problems: where to name cells that are neither times nor numbers.
        part: of the data, see `Rows`.
        called: what the series is called if no column names it; empty: as its column of values.

    Raises:
        suite.UserError: if dates or numbers may mean two things.
    """
    count, targets = len(table), layout.target
    groups, codes = _groups(table, layout.id)
    moments, numbered, zone = _times(table, layout, problems, codes)
    parts = _parts(table, part)
    values = np.concatenate([_numbers(table, name, layout, problems) for name in targets])
    covariates = None
    if layout.known or layout.past:
        columns = [_numbers(table, name, layout, problems) for name in (*layout.known, *layout.past)]
        covariates = np.tile(np.stack(columns, axis=1), (len(targets), 1))
    names = [
        _series_name(group, target, called, several=len(targets) > 1)
        for target in targets
        for group in groups
    ]
    return Rows(
        file=table.file,
        part=parts if isinstance(parts, int) else np.tile(parts, len(targets)),
        names=names,
        groups=[group or called or target for target in targets for group in groups],
        codes=np.concatenate([codes + number * len(groups) for number in range(len(targets))]),
        lines=np.tile(np.asarray(table.lines, np.int64), len(targets)),
        times=np.tile(moments, len(targets)),
        values=values,
        covariates=covariates,
        numbered=numbered,
        zone=zone,
    ) if count else Rows(
        file=table.file, part=part, names=[], groups=[], codes=np.zeros(0, np.int64),
        lines=np.zeros(0, np.int64), times=np.zeros(0, np.int64), values=np.zeros(0),
    )  # fmt: skip


def _parts(table: Columns, part: int) -> int | np.ndarray:
    """The split of each row, if a column has the words for splits and nothing else."""
    for name, cells in table.cells.items():
        if name.strip().lower() in SPLIT_COLUMNS:
            splits = {cell: SPLIT_WORDS.get(str(cell).strip().lower(), "") for cell in set(cells)}
            if all(splits.values()) and "train" in splits.values():
                numbers_of = {cell: SPLIT_NAMES.index(split) for cell, split in splits.items()}
                return np.fromiter((numbers_of[cell] for cell in cells), np.int64, len(cells))
    return part


def _series_name(group: str, target: str, called: str, *, several: bool) -> str:
    if not group and not called:
        return target
    own = group or called
    return f"{own}/{target}" if several else own


def _groups(table: Columns, columns: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The names of what the rows belong to, and which each row does."""
    if not columns:
        return [""], np.zeros(len(table), np.int64)
    cells = table.cells[columns[0]]
    keys: Sequence[Any] = cells
    if len(columns) > 1:
        keys = [
            "/".join(map(_text, row)) for row in zip(*(table.cells[name] for name in columns), strict=True)
        ]
    numbers_of: dict[Any, int] = {}
    codes = np.fromiter((numbers_of.setdefault(key, len(numbers_of)) for key in keys), np.int64, len(table))
    names: dict[str, int] = {}
    # A cell of a spreadsheet may be the number 1 and the text "1": they name the same series.
    own = np.array([names.setdefault(_text(key), len(names)) for key in numbers_of], np.int64)
    return list(names), own[codes]


def _text(cell: Any) -> str:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return "(none)"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _times(
    table: Columns, layout: Layout, problems: SeriesProblems, codes: np.ndarray
) -> tuple[np.ndarray, bool, str]:
    if not layout.time:
        # Rows are steps in the order in which they stand, series by series.
        order = np.argsort(codes, kind="stable")
        begins = np.searchsorted(codes[order], codes[order])
        steps = np.empty(len(codes), np.int64)
        steps[order] = np.arange(len(codes)) - begins
        problems.note(f"{table.file} has no column of times: its rows are taken as steps in their order")
        return steps, True, ""
    cells = table.cells[layout.time]
    found = times(cells, f"column '{layout.time}' of {table.file}", layout.dates, layout.time)
    if found.note:
        problems.note(f"column '{layout.time}' of {table.file}: {found.note}")
    for row in np.flatnonzero(found.values == NO_TIME)[:MAX_NAMED].tolist():
        cell = cells[row]
        what = "has no time" if is_missing(cell) else "has a time that cannot be read"
        whats = "have no time" if is_missing(cell) else "have a time that cannot be read"
        shown = "" if is_missing(cell) else f" ({str(cell)[:40]})"
        problems.add(
            f"row {what} and is left out",
            f"rows {whats} and are left out",
            f"{table.file}, line {table.lines[row]}{shown}",
        )
    return found.values, found.numbered, found.zone


def _numbers(table: Columns, name: str, layout: Layout, problems: SeriesProblems) -> np.ndarray:
    cells = table.cells[name]
    values, bad = numbers(cells, f"column '{name}' of {table.file}", layout.decimal)
    for row in bad[:MAX_NAMED]:
        problems.add(
            "cell is no number and counts as missing",
            "cells are no numbers and count as missing",
            f"{table.file}, line {table.lines[row]}, {name}: {str(cells[row])[:40]}",
        )
    return values
