"""Which column of a table is what: by options, by the names that people use, and by what cells look like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from suite import UserError
from suite.kit import nearest, some
from suite_forecasting.options import TableOptions, names_in
from suite_forecasting.reading.columns import Columns
from suite_forecasting.reading.numbers import is_missing, looks_numeric
from suite_forecasting.reading.times import looks_like_times

ID_NAMES = ("unique_id", "item_id", "series_id", "ts_id", "series", "series_name", "id", "item", "sku",
            "ticker", "symbol", "store", "sensor", "station", "meter", "name", "key", "group")  # fmt: skip
TIME_NAMES = ("ds", "timestamp", "datetime", "date_time", "date", "time", "utc_timestamp", "period", "day",
              "month", "week", "quarter", "year", "step", "t")  # fmt: skip
INDEX_NAMES = ("", "unnamed_0", "index")
TARGET_NAMES = ("y", "target", "value", "values", "val", "demand", "sales", "load")

_LOOKED_AT = 500

MOST = 0.99
"""The share of the rows that have to differ by series and time, for the columns of the names to be all."""
_WORDS = re.compile(r"[^a-z0-9]+")


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a table holds series, as a fact of the data too: what prediction needs to read a table alike.

    Attributes:
        id: columns that name the series of a row; empty: the table holds one series for each target.
        time: the column of the times; empty: rows are numbered steps in their order.
        target: columns of values.
        known: covariates that are known in the future.
        past: covariates that are known up to now.
        dates: see `TableOptions`.
        decimal: see `TableOptions`.
    """

    id: tuple[str, ...] = ()
    time: str = ""
    target: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    dates: str = "auto"
    decimal: str = "auto"


def as_fact(layout: Layout) -> dict[str, Any]:
    """The fact "columns": plain JSON."""
    built: dict[str, Any] = msgspec.to_builtins(layout)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in built.items()}


def options_of(columns: Mapping[str, Any]) -> TableOptions:
    """The options by which another table is read as the fact says.

    Raises:
        suite.UserError: if the fact is of another form.
    """
    try:
        layout = msgspec.convert(dict(columns), Layout)
    except msgspec.ValidationError as error:
        raise UserError(f"the fact 'columns' is not as `Layout` says: {error}") from None
    return msgspec.convert(msgspec.to_builtins(layout), TableOptions)


def layout_of(table: Columns, options: TableOptions) -> tuple[Layout, list[str]]:
    """The columns that there are, and those that are numbers and not used.

    Raises:
        suite.UserError: if a column that was named is not there, or none has times or values.
    """
    names = list(table.cells)
    given = {option: names_in(getattr(options, option)) for option in ("id", "target", "known", "past")}
    for option, columns in given.items():
        for name in columns:
            _check_column(table.file, name, names, option)
    if options.time:
        _check_column(table.file, options.time, names, "time")
    taken = {name for columns in given.values() for name in columns}
    time = options.time or _time_column(table, [name for name in names if name not in taken])
    taken.add(time)
    free = [name for name in names if name not in taken]
    own_id = given["id"] or _telling_apart(table, time, _id_columns(table, free), free)
    free = [name for name in free if name not in own_id]
    target = given["target"] or _targets(table, free, has_id=bool(own_id))
    if not target:
        raise UserError(
            f"{table.file} has no column of numbers, only {some(names, 10)}: name that of the values with"
            " --set loader.target=COLUMN"
        )
    unused = [
        name
        for name in free
        if name not in target and _called(name) not in INDEX_NAMES and _numeric(table, name)
    ]
    layout = Layout(
        id=tuple(own_id),
        time=time,
        target=tuple(target),
        known=given["known"],
        past=given["past"],
        dates=options.dates,
        decimal=options.decimal,
    )
    return layout, unused


def is_series_table(table: Columns) -> bool:
    """Whether a table looks like one of series: it has times and numbers."""
    names = list(table.cells)
    time = _time_column(table, names)
    if not time:
        return False
    return bool(_targets(table, [name for name in names if name != time], has_id=False))


def _check_column(file: str, name: str, names: Sequence[str], option: str) -> None:
    if name not in names:
        raise UserError(f"{file} has no column '{name}' ({option}): {nearest(name, names)}")


def _called(name: str) -> str:
    return _WORDS.sub("_", name.strip().lower()).strip("_")


def _named(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The columns called so, in the order of what is wanted."""
    called = {_called(name): name for name in reversed(names)}
    return [called[name] for name in wanted if name in called]


def _sample(table: Columns, name: str) -> list[Any]:
    cells = table.cells[name]
    step = max(1, len(cells) // _LOOKED_AT)
    return [cell for cell in cells[::step] if not is_missing(cell)]


def _time_column(table: Columns, names: Sequence[str]) -> str:
    for name in _named(names, TIME_NAMES):
        if looks_like_times(_sample(table, name), name):
            return name
    for name in names:
        cells = _sample(table, name)
        if cells and not looks_numeric(cells) and looks_like_times(cells, name):
            return name
    return ""


def _id_columns(table: Columns, names: Sequence[str]) -> tuple[str, ...]:
    for name in _named(names, ID_NAMES):
        different = len(set(map(str, table.cells[name])))
        # A number for each row is the table's index.
        if different < len(table) or len(table) == 1 or not looks_numeric(_sample(table, name)):
            return (name,)
    return ()


def _telling_apart(
    table: Columns, time: str, found: tuple[str, ...], names: Sequence[str]
) -> tuple[str, ...]:
    """The columns that name the series: those that were found, and more if these leave times twice.

    A table of sales may have a store and an item: neither of them alone names a series.

    Raises:
        suite.UserError: if most times are still there more than once.
    """
    if not time:
        return found
    moments = table.cells[time]

    def kinds(columns: Sequence[str]) -> int:
        return len(set(zip(moments, *(table.cells[name] for name in columns), strict=True)))

    chosen, different = list(found), kinds(found)
    named = [name for name in _named(names, ID_NAMES) if name not in found]
    words = [name for name in names if name not in (*named, *found) and not _numeric(table, name)]
    # What is another in nearly every row is no name: a remark, say.
    named, words = (
        [name for name in columns if 3 * len(set(table.cells[name])) <= len(table)]
        for columns in (named, words)
    )
    while different < MOST * len(table):
        best, gained = "", different
        for columns in (named, words):
            gains = {name: kinds([*chosen, name]) for name in columns if name not in chosen}
            best = max(gains, key=gains.__getitem__, default="")
            gained = gains.get(best, different)
            if 2 * (gained - different) > len(table) - different or gained > 1.5 * different:
                break
        else:
            break
        chosen.append(best)
        different = gained
    if 2 * different < len(table):
        raise UserError(
            f"{table.file}, column '{time}': most times are there more than once,"
            f" {len(table) / different:.3g} times on average. Say which column names the series with"
            " --set loader.id=COLUMN, or loader.id=A,B for several"
        )
    return tuple(name for name in table.cells if name in chosen)


def _targets(table: Columns, names: Sequence[str], *, has_id: bool) -> tuple[str, ...]:
    for name in _named(names, TARGET_NAMES):
        if _numeric(table, name):
            return (name,)
    return tuple(name for name in names if _called(name) not in INDEX_NAMES and _numeric(table, name))


def _numeric(table: Columns, name: str) -> bool:
    return looks_numeric(_sample(table, name))
