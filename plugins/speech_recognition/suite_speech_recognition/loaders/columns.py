"""What the columns of a manifest are called, and the times in them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suite import UserError
from suite.kit import SPLIT_COLUMNS, nearest
from suite_speech_recognition.loaders.listing import is_recording
from suite_speech_recognition.loaders.options import ManifestOptions
from suite_speech_recognition.loaders.tables import Table

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
    "channel": ("channel", "channel_id", "audio_channel", "channel_selector"),
    "split": SPLIT_COLUMNS,
    "group": (),
}  # fmt: skip
"""What columns may be called, in lower case, the likeliest first."""

TIMES = ("start", "end", "duration")

_UNITS = {
    "ms": "ms", "msec": "ms", "msecs": "ms", "millis": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "secs": "s", "seconds": "s",
    "sample": "samples", "samples": "samples", "frame": "samples", "frames": "samples",
}  # fmt: skip
"""The last word of a column's name, and what its times are counted in."""

_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,9}):(\d+(?:[.,]\d+)?)")
_LIKE_TIMES = re.compile(r"(?:^|_)(?:start|begin|onset|offset|end|stop)(?:_|$)")

_NEEDED = {"path": "the recordings' paths", "text": "what is said"}


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are for.

    Attributes:
        names: of the columns, by the keys of `KNOWN_COLUMNS`.
        units: "s", "ms" or "samples", by the columns of times: "start", "end", "duration".
        unused: columns that look like times and are not used.
    """

    names: Mapping[str, str]
    units: Mapping[str, str]
    unused: list[str]


def find_columns(table: Table, options: ManifestOptions) -> Columns:
    """What the columns of a table are for, by their names, or as the options name them.

    Raises:
        UserError: if a column that is needed or named is missing.
    """
    names = table.columns
    if not names:
        raise UserError(f"{table.path} has no rows")
    plain: dict[str, str] = {}
    for column in reversed(names):
        words, unit = _plain(column)
        # "start" itself wins over "start_ms", if a table has both.
        if words not in plain or not unit:
            plain[words] = column
    columns: dict[str, str] = {}
    for role, known in KNOWN_COLUMNS.items():
        option = f"{role}_column"
        if wanted := getattr(options, option):
            if wanted not in names:
                raise UserError(f"{table.path} has no column '{wanted}' ({option}): {nearest(wanted, names)}")
            columns[role] = wanted
        elif name := next((plain[usual] for usual in known if usual in plain), None):
            columns[role] = name
    if not table.header:
        _by_content(table, columns)
    for role, content in _NEEDED.items():
        if role not in columns:
            raise UserError(_missing(table, role, content))
    asked = options.time_unit
    counted = {
        role: (_unit(columns[role]) or "s") if asked == "auto" else asked for role in TIMES if role in columns
    }
    unused = [
        name
        for name in names
        if name not in columns.values() and _LIKE_TIMES.search(re.sub(r"[^a-z]+", "_", name.casefold()))
    ]
    return Columns(columns, counted, unused)


def _plain(name: str) -> tuple[str, str]:
    """A column's name in lower case without its unit, and the unit, empty if it says none."""
    words = _words(name)
    stem = words.rpartition("_")[0]
    known = {usual for role in TIMES for usual in KNOWN_COLUMNS[role]}
    return (stem, _unit(name)) if stem in known and _unit(name) else (words, "")


def _unit(name: str) -> str:
    """What the times of a column are counted in by the last word of its name; empty if that is no unit."""
    return _UNITS.get(_words(name).rpartition("_")[2], "")


def _words(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name.strip().casefold()).strip("_")


def _by_content(table: Table, columns: dict[str, str]) -> None:
    """Without a header: the column that names recordings, and the text if only one other is there."""
    row: Mapping[str, Any] = next((row for _, row in table.rows if not isinstance(row, str)), {})
    if "path" not in columns:
        paths = [name for name, cell in row.items() if isinstance(cell, str) and is_recording(cell)]
        columns |= {"path": paths[0]} if paths else {}
    others = [name for name in table.columns if name not in columns.values()]
    if "text" not in columns and len(others) == 1:
        columns["text"] = others[0]


def _missing(table: Table, role: str, content: str) -> str:
    option = f"{role}_column"
    if not table.header:
        row: Mapping[str, Any] = next((row for _, row in table.rows if not isinstance(row, str)), {})
        shown = ", ".join(f"{name} is '{cell}'" for name, cell in row.items())
        return (
            f"{table.path} has no header that names {content}, and in its first row {shown}: say which column"
            f" it is by number, --set loader.{option}=2"
        )
    listed = ", ".join(f"'{name}'" for name in table.columns)
    return (
        f"{table.path} has no column for {content} ('{KNOWN_COLUMNS[role][0]}', say), only {listed}: name it"
        f" with --set loader.{option}=NAME, or if these are no names but the first row, --set"
        f" loader.header=false and columns by number, loader.{option}=2"
    )


def as_text(cell: Any) -> str:
    """A cell as text without spaces around it; empty if it is neither text nor a number."""
    if isinstance(cell, str):
        return cell.strip()
    return str(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else ""


def seconds_of(written: str, unit: str, rate: int) -> float:
    """A time in seconds; NaN if it is none.

    Args:
        written: a number, or hours, minutes and seconds with colons between.
        unit: "s", "ms" or "samples".
        rate: samples per second, for the last.
    """
    if match := _CLOCK.fullmatch(written):
        hours, minutes, seconds = match.groups()
        return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))
    try:
        time = float(written)
    except ValueError:
        return math.nan
    return time / {"s": 1, "ms": 1000, "samples": rate}[unit]
