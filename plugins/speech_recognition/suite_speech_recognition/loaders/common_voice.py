"""Mozilla Common Voice: TSV files beside a folder `clips`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from suite import UserError
from suite.data import Dataset
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.loaders.columns import Columns
from suite_speech_recognition.loaders.listing import is_recording
from suite_speech_recognition.loaders.manifest import add
from suite_speech_recognition.loaders.options import CommonVoiceOptions
from suite_speech_recognition.loaders.tables import Table, TableFolder, tables_at

COLUMNS = {"path": "path", "text": "sentence", "speaker": "client_id"}
OFFICIAL = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
VALIDATED = "validated.tsv"
OTHERS = ("validated.tsv", "other.tsv", "invalidated.tsv")


def is_common_voice(folder: TableFolder | None) -> bool:
    """Whether a folder's train.tsv or validated.tsv, or a table, has the columns of Common Voice."""
    if folder is None:
        return False
    is_table = folder.tree is None and folder.path.is_file()
    looked_at = folder.names if is_table else (OFFICIAL["train"], *OTHERS, *OFFICIAL.values())
    names = (name for name in looked_at if name in folder.names)
    head = next((folder.content(name, 4096) for name in names), b"")
    first = head.partition(b"\n")[0].decode("utf-8", "replace").strip("\ufeff\r").split("\t")
    return set(COLUMNS.values()) <= set(first)


def load(path: Path, options: CommonVoiceOptions) -> Dataset:
    """Load a language of Common Voice: train.tsv, dev.tsv and test.tsv, validated.tsv, or any other file.

    Args:
        path: the folder of the language, an archive, or one of the TSV files, all of which is then for
            training, as long as there is nothing else.
        options: which files.

    Raises:
        UserError: if the files or columns are not there, or no row can be used. Rows that cannot be used are
            left out and named in `Dataset.problems`.
    """
    folder = tables_at(path)
    if folder is None or not is_common_voice(folder):
        raise UserError(
            f"{path} is no Common Voice: it has neither a {OFFICIAL['train']} nor a {VALIDATED} with the"
            f" columns {', '.join(COLUMNS.values())}"
        )
    if folder.tree is None and folder.path.is_file():
        tables, splits = {"train": folder.names[0]}, options.splits
    else:
        official = {split: name for split, name in OFFICIAL.items() if name in folder.names}
        splits = options.splits
        if splits == "auto":
            splits = "official" if "train" in official else "validated"
        tables = official if splits == "official" else {"train": f"{splits}.tsv"}
    utterances = Utterances(options.channel)
    notes: list[str] = []
    for split, name in tables.items():
        if name not in folder.names:
            raise UserError(f"{folder.path} has no {name}")
        table = _with_endings(folder.table(name, header=True))
        notes += table.notes
        if missing := [column for column in COLUMNS.values() if column not in table.columns]:
            raise UserError(f"{table.path} has no rows, or no column '{missing[0]}'")
        add(utterances, table, Columns(COLUMNS, {}, []), folder.locations, split, "clips/")
    resolved = msgspec.structs.replace(options, splits=splits)
    return utterances.dataset(path, folder.locations.tree(), notes, options=resolved)


def _with_endings(table: Table) -> Table:
    """The first releases left out the recordings' ending, .mp3."""
    rows = [
        (
            line,
            row
            if isinstance(row, str) or is_recording(row["path"])
            else {**row, "path": f"{row['path']}.mp3"},
        )
        for line, row in table.rows
        if isinstance(row, str) or "path" in row
    ]
    return Table(table.name, table.path, rows, table.header, table.notes)
