"""Parquet tables with recordings in their cells, as data sets of the Hugging Face Hub have them.

A cell is the bytes of a file, or an object with `bytes` and `path`, as
https://huggingface.co/docs/datasets/audio_dataset describes it. Rows are read by row groups when they are
needed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Example
from suite.kit import FileKind, ParquetData, holds_files_of, split_of_name
from suite.sources import BytesSource
from suite_speech_recognition.audio.recordings import describe
from suite_speech_recognition.examples import Utterances, nothing
from suite_speech_recognition.loaders.columns import KNOWN_COLUMNS, as_text
from suite_speech_recognition.loaders.options import ParquetOptions


def is_sound(content: bytes) -> bool:
    """Whether a file is a recording that can be read."""
    try:
        describe(BytesSource(content))
    except UserError:
        return False
    return True


RECORDINGS = FileKind(
    "Audio", ("audio", "speech", *KNOWN_COLUMNS["path"]), is_sound, "recordings", "audio_column"
)


def has_recordings(path: Path) -> bool | str:
    """Whether there are Parquet tables with recordings at `path`; a sentence on those that are not read."""
    return holds_files_of(path, RECORDINGS) or _arrays_at(path) or False


def _arrays_at(path: Path) -> str:
    """A sentence on tables whose recordings are arrays of samples; empty if there are none."""
    try:
        table = ParquetData(path).tables[0]
    except UserError:
        return ""
    for column in table.names:
        if {"array", "sampling_rate"} <= set(table.field_names(column)):
            return (
                f"{path} has recordings as arrays of samples in the column '{column}', which are not read:"
                " write each as the bytes of a file (WAV or FLAC), as Hugging Face's Audio feature does"
            )
    return ""


def load(path: Path, options: ParquetOptions) -> Dataset:
    """Load the recordings in a table, or in those of a folder, which are named after their splits.

    Args:
        path: a table or a folder.
        options: which columns are which.

    Raises:
        UserError: if there is no such table, it lacks a column or is damaged, or no row can be used. Rows
            that cannot be used are left out and named in `Dataset.problems`.
    """
    data = ParquetData(path)
    named = {role: getattr(options, f"{role}_column") for role in ("text", "speaker", "split", "group")}
    columns = {
        role: data.column(
            name, KNOWN_COLUMNS[role], f"{role}_column", "transcripts" if role == "text" else ""
        )
        for role, name in named.items()
    }
    files = data.files(RECORDINGS, options.audio_column)
    utterances = Utterances(options.channel)
    groups: dict[str, str] = {}
    for row in data.rows([name for name in dict.fromkeys(columns.values()) if name]):
        cells = {role: as_text(row.cells.get(name)) for role, name in columns.items() if name}
        split = split_of_name(cells["split"]) if cells.get("split") else row.split
        if files.empty[row.file]:
            utterances.leave_out("without a recording in the table", row.where)
        elif split is None:
            utterances.leave_out("of neither train, validation nor test", f"{row.where}: {cells['split']}")
        else:
            if cells.get("group"):
                groups[files.source(row.file).name] = cells["group"]
            utterances.add(split, row.where, row.file, cells["text"], cells.get("speaker", ""))
    dataset = utterances.dataset(path, files)
    if not options.group_column:
        return dataset

    def group_of(example: Example) -> Hashable:
        return groups.get(example.input.source.name) or (example.id,)

    return replace(dataset, groups=group_of, labels=nothing)
