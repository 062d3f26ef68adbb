"""Manifests: a row per recording, or per section of one, in TSV, CSV or JSON lines."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset, Example, Problem
from suite.kit import counted, some, split_of_name, tables
from suite.sources import Source
from suite_speech_recognition.audio.recordings import describe
from suite_speech_recognition.examples import BAD_TIMES, Utterances, nothing
from suite_speech_recognition.loaders.columns import TIMES, Columns, as_text, find_columns, seconds_of
from suite_speech_recognition.loaders.options import ManifestOptions
from suite_speech_recognition.loaders.tables import Locations, Table, TableFolder, tables_at

_SHARD = re.compile(r"-\d+-of-\d+(?=\.)")

_CALLED = {"s": "seconds", "ms": "milliseconds", "samples": "samples"}

_CHANNELS = {"left": 0, "l": 0, "a": 0, "right": 1, "r": 1, "b": 1}


def tables_by_split(folder: TableFolder, names: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The tables of each split, by their names, and the names of tables that are of no split.

    A split has one table, or the shards of one, `train-00000-of-00002.csv`. A table that is given by itself
    is for training, whatever its name is.

    Raises:
        UserError: if there is more than one for a split.
    """
    if folder.tree is None and folder.path.is_file():
        return {"train": list(names)}, []
    splits: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in names:
        split = split_of_name(name.rpartition(".")[0])
        (splits.setdefault(split, []) if split else rest).append(name)
    if "train" not in splits and rest:
        splits["train"], rest = rest, []
    for split, tables_of_split in splits.items():
        if len({_SHARD.sub("", name) for name in tables_of_split}) > 1:
            raise UserError(
                f"{folder.path} has more than one manifest for the {split} split: {some(tables_of_split)}."
                " Give the path of one"
            )
    return splits, rest


def load(path: Path, options: ManifestOptions) -> Dataset:
    """Load a manifest, or those in a folder, which are named after their splits (train, validation, test).

    A manifest that is alone is for training; a column `split` may name other splits. Times are in seconds,
    unless their columns' names end with another unit, `start_ms`. A row with a start and a duration but no
    end ends at their sum, as in NeMo's manifests.

    Args:
        path: a manifest, a folder or an archive.
        options: the names of the columns, and where the recordings are.

    Raises:
        UserError: if there is no manifest, it lacks a column, or no row can be used. Rows that cannot be used
            are left out and named in `Dataset.problems`.
    """
    folder = tables_at(path, options.recordings)
    if folder is None:
        raise UserError(f"{path} is no manifest, nor a folder with one ({', '.join(tables.SUFFIXES)})")
    usable = [name for name in folder.names if folder.names_recordings(name)] or folder.names
    splits, rest = tables_by_split(folder, usable)
    rest += [name for name in folder.names if name not in usable]
    notes: list[str] = []
    if rest:
        notes.append(Problem(f"{counted(len(rest), 'table is', 'tables are')} of no split, left out", rest))
    utterances = Utterances(options.channel)
    groups: dict[int, str] = {}
    for split, names in splits.items():
        for name in names:
            table = folder.table(name, options.encoding, options.header)
            columns = find_columns(table, options)
            notes += table.notes
            if columns.unused:
                notes.append(
                    Problem(f"{name} has columns that look like times and are not used", columns.unused)
                )
            beside = name.rpartition("/")[0]
            add(utterances, table, columns, folder.locations, split, f"{beside}/" if beside else "", groups)
    tree = folder.locations.tree()
    dataset = utterances.dataset(path, tree, notes)
    if not options.group_column:
        return dataset
    by_name = {tree.source(file).name: group for file, group in groups.items()}

    def group_of(example: Example) -> Hashable:
        return by_name.get(example.input.source.name) or (example.id,)

    return replace(dataset, groups=group_of, labels=nothing)


def add(
    utterances: Utterances,
    table: Table,
    columns: Columns,
    locations: Locations,
    split: str,
    beside: str = "",
    groups: dict[int, str] | None = None,
) -> None:
    """Collect the rows of a table.

    Args:
        utterances: where they are collected.
        table: the table.
        columns: as `find_columns` gives them.
        locations: where recordings are looked up.
        split: of rows that do not name it themselves.
        beside: the folder in which recordings are looked for first.
        groups: what each file belongs to is put here, if a column says it.
    """
    rates: dict[int, int] = {}
    in_samples = "samples" in columns.units.values()
    channels = _channels(table, columns.names.get("channel", ""))
    for line, row in table.rows:
        where = f"{table.name}, line {line}"
        if isinstance(row, str):
            utterances.leave_out(row, where)
            continue
        cells = {role: row.get(column) for role, column in columns.names.items()}
        split_of_row = _split(cells.get("split"), split)
        name = as_text(cells["path"])
        file = locations.find(name, beside) if name else None
        rate = 1
        if in_samples and file is not None:
            if file not in rates:
                rates[file] = _rate(locations.source(file))
            rate = rates[file]
        times = _times(cells, columns.units, rate)
        if not name:
            utterances.leave_out("without a path", where)
        elif "://" in name:
            utterances.leave_out(
                "with an address in place of a file (download the recordings first)", f"{where}: {name}"
            )
        elif file is None:
            utterances.leave_out(
                "whose recording is not there (paths are relative to the manifest)", f"{where}: {name}"
            )
        elif split_of_row is None:
            utterances.leave_out("of neither train, validation nor test", f"{where}: {cells['split']}")
        elif isinstance(times, str):
            utterances.leave_out(BAD_TIMES, f"{where}: {times}")
        else:
            if groups is not None and "group" in cells:
                groups.setdefault(file, as_text(cells["group"]))
            text, speaker = as_text(cells["text"]), as_text(cells.get("speaker"))
            channel = channels.get(as_text(cells.get("channel")).casefold())
            utterances.add(split_of_row, where, file, text, speaker, *times, channel)


def _channels(table: Table, column: str) -> dict[str, int]:
    """What the cells of a column of channels mean, counted from 0; numbers begin with 1 if there is no 0."""
    rows = (row for _, row in table.rows if column and not isinstance(row, str))
    cells = {as_text(row.get(column)).casefold() for row in rows} - {""}
    first = 0 if "0" in cells else 1
    numbers = {cell: int(cell) - first for cell in cells if cell.isdecimal() and len(cell) < 9}
    return {**_CHANNELS, **numbers}


def _rate(source: Source) -> int:
    """A recording's samples per second; 1 if it cannot be read, which is found when it is."""
    try:
        return describe(source).rate
    except UserError:
        return 1


def _split(written: Any, otherwise: str) -> str | None:
    return split_of_name(as_text(written)) if as_text(written) else otherwise


def _times(
    cells: Mapping[str, Any], units: Mapping[str, str], rate: int
) -> tuple[float | None, float | None] | str:
    """Start and end in seconds, None if a row does not have them, or what is wrong."""
    seconds: dict[str, float | None] = {}
    for role in TIMES:
        written = as_text(cells.get(role))
        time = seconds[role] = seconds_of(written, units[role], rate) if written else None
        if time is not None and not (math.isfinite(time) and time >= 0):
            if role == "duration" and seconds["start"] is None:
                continue
            return f"{role} '{written}' is no time in {_CALLED[units[role]]}"
    start, end = seconds["start"], seconds["end"]
    if start is not None and end is None and seconds["duration"] is not None:
        end = start + seconds["duration"]
    return start, end
