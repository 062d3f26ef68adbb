"""Manifests: a row per recording, or per section of one, in TSV, CSV or JSON lines."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset, Example, Problem
from suite.kit import counted, nearest, some, split_of_name, tables
from suite_speech_recognition.examples import BAD_TIMES, Utterances, nothing
from suite_speech_recognition.loaders.options import ManifestOptions
from suite_speech_recognition.loaders.tables import Locations, Table, TableFolder, tables_at

KNOWN_COLUMNS = {
    "path": (
        "path", "audio_filepath", "file", "filename", "file_name", "filepath", "file_path", "audio",
        "audio_path", "audio_file", "wav", "wav_path", "wav_filename", "recording", "clip", "sound",
    ),
    "text": (
        "text", "sentence", "transcript", "transcription", "words", "utterance", "label", "target",
        "normalized_text",
    ),
    "speaker": ("speaker", "speaker_id", "client_id", "spk", "spk_id", "speaker_name", "user", "reader"),
    "start": ("start", "begin", "offset", "start_time", "begin_time", "start_seconds", "segment_start"),
    "end": ("end", "stop", "end_time", "stop_time", "end_seconds", "segment_end"),
    "duration": ("duration", "length", "seconds", "duration_seconds"),
    "split": ("split", "part", "subset", "partition"),
    "group": (),
}  # fmt: skip
"""What columns may be called, in lower case, the likeliest first."""

_NEEDED = {"path": "the recordings' paths", "text": "what is said"}


def tables_by_split(folder: TableFolder, names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The table of each split, by the tables' names, and the names of tables that are of no split.

    Raises:
        UserError: if there is more than one for a split.
    """
    splits: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in names:
        split = split_of_name(name.rpartition(".")[0])
        (splits.setdefault(split, []) if split else rest).append(name)
    if "train" not in splits and rest:
        splits["train"], rest = rest, []
    for split, tables_of_split in splits.items():
        if len(tables_of_split) > 1:
            raise UserError(
                f"{folder.path} has more than one manifest for the {split} split: {some(tables_of_split)}."
                " Give the path of one"
            )
    return {split: tables_of_split[0] for split, tables_of_split in splits.items()}, rest


def load(path: Path, options: ManifestOptions) -> Dataset:
    """Load a manifest, or those in a folder, which are named after their splits (train, validation, test).

    A manifest that is alone is for training; a column `split` may name other splits. Times are in seconds. A
    row with a start and a duration but no end ends at their sum, as in NeMo's manifests.

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
    notes = []
    if rest:
        notes.append(Problem(f"{counted(len(rest), 'table is', 'tables are')} of no split, left out", rest))
    utterances = Utterances()
    groups: dict[int, str] = {}
    for split, name in splits.items():
        table = folder.table(name)
        add(utterances, table, find_columns(table, options), folder.locations, split, groups=groups)
    tree = folder.locations.tree()
    dataset = utterances.dataset(path, tree, notes)
    if not options.group_column:
        return dataset
    by_name = {tree.source(file).name: group for file, group in groups.items()}

    def group_of(example: Example) -> Hashable:
        return by_name.get(example.input.source.name) or (example.id,)

    return replace(dataset, groups=group_of, labels=nothing)


def find_columns(table: Table, options: ManifestOptions) -> Mapping[str, str]:
    """The names of a table's columns, by the keys of `KNOWN_COLUMNS`.

    Raises:
        UserError: if a column that is needed or named is missing.
    """
    names = table.columns
    if not names:
        raise UserError(f"{table.path} has no rows")
    plain = {name.strip().casefold().replace(" ", "_"): name for name in reversed(names)}
    columns: dict[str, str] = {}
    for role, known in KNOWN_COLUMNS.items():
        option = f"{role}_column"
        if wanted := getattr(options, option):
            if wanted not in names:
                raise UserError(f"{table.path} has no column '{wanted}' ({option}): {nearest(wanted, names)}")
            columns[role] = wanted
        elif name := next((plain[usual] for usual in known if usual in plain), None):
            columns[role] = name
        elif role in _NEEDED:
            listed = ", ".join(f"'{name}'" for name in names)
            raise UserError(
                f"{table.path} has no column for {_NEEDED[role]} ('{known[0]}', say), only {listed}:"
                f" name it with --set loader.{option}=NAME"
            )
    return columns


def add(
    utterances: Utterances,
    table: Table,
    columns: Mapping[str, str],
    locations: Locations,
    split: str,
    prefix: str = "",
    groups: dict[int, str] | None = None,
) -> None:
    """Collect the rows of a table.

    Args:
        utterances: where they are collected.
        table: the table.
        columns: as `find_columns` gives them.
        locations: where recordings are looked up.
        split: of rows that do not name it themselves.
        prefix: what is put before each path.
        groups: what each file belongs to is put here, if a column says it.
    """
    for line, row in table.rows:
        where = f"{table.name}, line {line}"
        if isinstance(row, str):
            utterances.leave_out(row, where)
            continue
        cells = {role: row.get(column) for role, column in columns.items()}
        split_of_row = _split(cells.get("split"), split)
        name = _text(cells["path"])
        times = _times(cells)
        file = locations.find(prefix + name) if name else None
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
                groups.setdefault(file, _text(cells["group"]))
            text, speaker = _text(cells["text"]), _text(cells.get("speaker"))
            utterances.add(split_of_row, where, file, text, speaker, *times)


def _split(written: Any, otherwise: str) -> str | None:
    return split_of_name(_text(written)) if _text(written) else otherwise


def _text(cell: Any) -> str:
    """A cell as text; empty if it is neither text nor a number."""
    if isinstance(cell, str):
        return cell.strip()
    return str(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else ""


def _times(cells: Mapping[str, Any]) -> tuple[float | None, float | None] | str:
    """Start and end in seconds, None if a row does not have them, or what is wrong."""
    seconds: dict[str, float | None] = {}
    for role in ("start", "end", "duration"):
        written = _text(cells.get(role))
        try:
            time = float(written) if written else None
        except ValueError:
            time = math.nan
        seconds[role] = time
        if time is not None and not (math.isfinite(time) and time >= 0):
            if role == "duration" and seconds["start"] is None:
                continue
            return f"{role} '{written}' is no time in seconds"
    start, end = seconds["start"], seconds["end"]
    if start is not None and end is None and seconds["duration"] is not None:
        end = start + seconds["duration"]
    return start, end
