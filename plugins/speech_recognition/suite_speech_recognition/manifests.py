"""Manifests: a row per recording, or per part of one, in TSV, CSV or JSON lines."""

from __future__ import annotations

import math
import os
import posixpath
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, nearest, reason, some, split_of_name, tables
from suite.sources import FolderTree, Tree, is_archive
from suite_speech_recognition.examples import Rows
from suite_speech_recognition.listing import is_recording, opened
from suite_speech_recognition.options import ManifestOptions

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
}  # fmt: skip
"""What columns may be called, in lower case, the likeliest first."""

_NEEDED = {"path": "the recordings' paths", "text": "what is said"}
_PEEK = 1 << 16


class Places:
    """Where recordings lie: a folder, in which each is looked up when it is named, or an archive.

    Args:
        root: a folder, or the listing of an archive.
        inside: the folder in the archive to which names are relative.
    """

    def __init__(self, root: Path | Tree, inside: str = "") -> None:
        self._root = root
        self._inside = inside
        self._members = {} if isinstance(root, Path) else {name: at for at, name in enumerate(root.names)}
        self._known: dict[str, int | None] = {}
        self._names: list[str] = []
        self._sizes: list[int] = []

    def find(self, name: str) -> int | None:
        """The place of a recording in `tree()`, or None where there is none."""
        if name not in self._known:
            spellings = dict.fromkeys((name, name.replace("\\", "/")))
            found = (self._look_up(spelling) for spelling in spellings)
            self._known[name] = next((place for place in found if place is not None), None)
        return self._known[name]

    def tree(self) -> Tree:
        """All recordings that were found."""
        if isinstance(self._root, Path):
            return FolderTree(str(self._root), self._names, np.array(self._sizes, np.int64))
        return self._root

    def _look_up(self, name: str) -> int | None:
        if not isinstance(self._root, Path):
            return self._members.get(posixpath.normpath(posixpath.join(self._inside, name)))
        try:
            found = os.stat(os.path.join(self._root, name))  # noqa: PTH116, PTH118 (twice as fast)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        self._names.append(name)
        self._sizes.append(found.st_size)
        return len(self._names) - 1


@dataclass(frozen=True)
class Table:
    """A table, read.

    Attributes:
        name: the file's name, without its folder.
        path: for people.
        rows: by line; a sentence where a row is unusable.
    """

    name: str
    path: str
    rows: Sequence[tuple[int, tables.Row | str]]

    @property
    def columns(self) -> list[str]:
        """The names that any row has."""
        return list(dict.fromkeys(name for _, row in self.rows if not isinstance(row, str) for name in row))


@dataclass(frozen=True)
class Home:
    """A folder with tables, in the file system or in an archive, or a single table.

    Attributes:
        path: how messages call it.
        places: where recordings are looked up.
        names: of the tables.
        tree: the archive, if it is one.
        inside: the folder in the archive.
    """

    path: Path
    places: Places
    names: Sequence[str]
    tree: Tree | None = None
    inside: str = ""

    def content(self, name: str, most: int = -1) -> bytes:
        """The bytes of a table, or at least the first `most`."""
        if self.tree is not None:
            return self.tree.source(self.tree.names.index(posixpath.join(self.inside, name))).read()
        where = self.path if self.path.is_file() else self.path / name
        try:
            with where.open("rb") as file:
                return file.read(most)
        except OSError as error:
            raise UserError(f"{where} cannot be read: {reason(error)}") from None

    def table(self, name: str) -> Table:
        """A table, read. Raises `UserError` where it cannot be."""
        where = str(self.path if self.path.is_file() and self.tree is None else self.path / name)
        return Table(name, where, list(tables.rows(self.content(name), where)))

    def speaks_of_recordings(self, name: str) -> bool:
        """Whether a cell in the first row of a table is the path of a recording."""
        head = self.content(name, _PEEK)[:_PEEK].rpartition(b"\n")[0]
        if not head or head.lstrip()[:1] == b"[":
            head = self.content(name)
        try:
            first = next((row for _, row in tables.rows(head, name) if not isinstance(row, str)), {})
        except UserError:
            return False
        return any(isinstance(cell, str) and is_recording(cell) for cell in first.values())


def home_of(path: Path, recordings: str = "") -> Home | None:
    """The tables at `path`, or None where there are none.

    Args:
        path: a table, a folder or an archive with tables. A folder that holds nothing but a folder is passed
            through.
        recordings: the folder to which the paths of recordings are relative; empty for that of the table.
    """
    elsewhere = Places(Path(recordings)) if recordings else None
    if path.is_file() and not is_archive(path):
        if not path.name.lower().endswith(tables.SUFFIXES):
            return None
        return Home(path, elsewhere or Places(path.parent), [path.name])
    if path.is_file():
        tree = opened(path)
        inside = _wrapper(tree.names)
        names = [posixpath.relpath(name, inside or ".") for name in tree.names]
        home = Home(path, elsewhere or Places(tree, inside), _tables(names), tree, inside)
    else:
        path, names = _listed(path)
        home = Home(path, elsewhere or Places(path), _tables(names))
    return home if home.names else None


def parts_of(home: Home, names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The table of each part by their names, and the names of tables that are of no part.

    Raises:
        UserError: where there is more than one for a part.
    """
    parts: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in names:
        part = split_of_name(name.rpartition(".")[0])
        (parts.setdefault(part, []) if part else rest).append(name)
    if "train" not in parts and rest:
        parts["train"], rest = rest, []
    for part, found in parts.items():
        if len(found) > 1:
            raise UserError(
                f"{home.path} has more than one manifest for the {part} part: {some(found)}."
                " Give the path of one"
            )
    return {part: found[0] for part, found in parts.items()}, rest


def load(path: Path, options: ManifestOptions) -> Dataset:
    """Load a manifest, or a folder's that are called after their parts (train, validation, test).

    A manifest that is alone is for training; a column `split` may say more. Times are in seconds. Where there
    are a start and a duration but no end, the end is their sum, as in NeMo's.

    Args:
        path: a manifest, a folder or an archive.
        options: what the columns are called, and where the recordings are.

    Raises:
        UserError: where there is no manifest, it lacks a column, or no row can be used. Rows that cannot are
            left out and named in `Dataset.problems`.
    """
    home = home_of(path, options.recordings)
    if home is None:
        raise UserError(f"{path} is no manifest, nor a folder with one ({', '.join(tables.SUFFIXES)})")
    usable = [name for name in home.names if home.speaks_of_recordings(name)] or home.names
    parts, rest = parts_of(home, usable)
    rest += [name for name in home.names if name not in usable]
    notes = []
    if rest:
        notes.append(Problem(f"{counted(len(rest), 'table is', 'tables are')} of no part, left out", rest))
    rows = Rows()
    for part, name in parts.items():
        table = home.table(name)
        columns = find_columns(table, options)
        add(rows, table, columns, home.places, part)
    return rows.dataset(path, home.places.tree(), notes)


def find_columns(table: Table, options: ManifestOptions) -> Mapping[str, str]:
    """What the columns of a table are called, by the keys of `KNOWN_COLUMNS`.

    Raises:
        UserError: where one that is needed or named is missing.
    """
    names = table.columns
    if not names:
        raise UserError(f"{table.path} has no rows")
    plain = {name.strip().casefold().replace(" ", "_"): name for name in reversed(names)}
    found: dict[str, str] = {}
    for role, known in KNOWN_COLUMNS.items():
        option = f"{role}_column"
        if given := getattr(options, option):
            if given not in names:
                raise UserError(f"{table.path} has no column '{given}' ({option}): {nearest(given, names)}")
            found[role] = given
        elif called := next((plain[name] for name in known if name in plain), None):
            found[role] = called
        elif role in _NEEDED:
            listed = ", ".join(f"'{name}'" for name in names)
            raise UserError(
                f"{table.path} has no column for {_NEEDED[role]} ('{known[0]}', say), only {listed}:"
                f" name it with --set loader.{option}=NAME"
            )
    return found


def add(
    rows: Rows, table: Table, columns: Mapping[str, str], places: Places, part: str, prefix: str = ""
) -> None:
    """Collect the rows of a table.

    Args:
        rows: where they are collected.
        table: the table.
        columns: as `find_columns` gives them.
        places: where recordings are looked up.
        part: to which rows belong that do not say it themselves.
        prefix: what is put before each path.
    """
    for line, row in table.rows:
        where = f"{table.name}, line {line}"
        if isinstance(row, str):
            rows.leave_out(row, where)
            continue
        cells = {role: row.get(column) for role, column in columns.items()}
        chosen = _part(cells.get("split"), part)
        name = _text(cells["path"])
        times = _times(cells)
        place = places.find(prefix + name) if name else None
        if not name:
            rows.leave_out("without a path", where)
        elif "://" in name:
            rows.leave_out(
                "with an address in place of a file (download the recordings first)", f"{where}: {name}"
            )
        elif place is None:
            rows.leave_out(
                "whose recording is not there (paths are relative to the manifest)", f"{where}: {name}"
            )
        elif chosen is None:
            rows.leave_out("of neither train, validation nor test", f"{where}: {cells['split']}")
        elif isinstance(times, str):
            rows.leave_out("with a bad time range", f"{where}: {times}")
        else:
            rows.add(chosen, where, place, _text(cells["text"]), _text(cells.get("speaker")), *times)


def _part(written: Any, otherwise: str) -> str | None:
    return split_of_name(_text(written)) if _text(written) else otherwise


def _text(cell: Any) -> str:
    """A cell as text; what is no text, number or nothing has none."""
    if isinstance(cell, str):
        return cell.strip()
    return str(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else ""


def _times(cells: Mapping[str, Any]) -> tuple[float | None, float | None] | str:
    """Start and end in seconds, None where a row does not say them, or what is wrong."""
    seconds: dict[str, float | None] = {}
    for role in ("start", "end", "duration"):
        written = _text(cells.get(role))
        try:
            seconds[role] = float(written) if written else None
        except ValueError:
            seconds[role] = math.nan
        found = seconds[role]
        if found is not None and not (math.isfinite(found) and found >= 0):
            if role == "duration" and seconds["start"] is None:
                continue
            return f"{role} '{written}' is no time in seconds"
    start, end = seconds["start"], seconds["end"]
    if start is not None and end is None and seconds["duration"] is not None:
        end = start + seconds["duration"]
    if end is not None and end <= (start or 0):
        return f"it ends at {end:.10g} s, but begins at {start or 0:.10g} s"
    return start, end


def _tables(names: Iterable[str]) -> list[str]:
    """The tables that lie in no folder."""
    return sorted(name for name in names if "/" not in name and name.lower().endswith(tables.SUFFIXES))


def _wrapper(names: Sequence[str]) -> str:
    """The folder that is around everything else."""
    return posixpath.commonpath([posixpath.dirname(name) for name in names]) if names else ""


def _listed(path: Path) -> tuple[Path, list[str]]:
    """The files in a folder, or in the one that is all it holds."""
    while True:
        try:
            with os.scandir(path) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None
        if len(found) != 1 or not found[0].is_dir():
            return path, [entry.name for entry in found if entry.is_file()]
        path = path / found[0].name
