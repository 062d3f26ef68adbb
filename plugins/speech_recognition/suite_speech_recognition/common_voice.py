"""Mozilla Common Voice: TSV files beside a folder `clips`."""

from __future__ import annotations

from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite_speech_recognition.examples import Rows
from suite_speech_recognition.listing import is_recording
from suite_speech_recognition.manifests import Home, Table, add, home_of
from suite_speech_recognition.options import CommonVoiceOptions

COLUMNS = {"path": "path", "text": "sentence", "speaker": "client_id"}
OFFICIAL = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
VALIDATED = "validated.tsv"


def is_common_voice(home: Home | None) -> bool:
    """Whether a folder's train.tsv or validated.tsv has the columns of Common Voice."""
    if home is None:
        return False
    heads = (home.content(name, 4096) for name in (OFFICIAL["train"], VALIDATED) if name in home.names)
    first = next(heads, b"").partition(b"\n")[0].decode("utf-8", "replace").strip("\ufeff\r").split("\t")
    return set(COLUMNS.values()) <= set(first)


def load(path: Path, options: CommonVoiceOptions) -> Dataset:
    """Load a language of Common Voice: train.tsv, dev.tsv and test.tsv, or validated.tsv.

    Args:
        path: the folder of the language, or an archive.
        options: which of the two.

    Raises:
        UserError: where the files or columns are not there, or no row can be used. Rows that cannot are left
            out and named in `Dataset.problems`.
    """
    home = home_of(path)
    if home is None or not is_common_voice(home):
        raise UserError(
            f"{path} is no Common Voice: it has neither a {OFFICIAL['train']} nor a {VALIDATED} with the"
            f" columns {', '.join(COLUMNS.values())}"
        )
    official = {part: name for part, name in OFFICIAL.items() if name in home.names}
    wanted = official if options.parts != "validated" and "train" in official else {"train": VALIDATED}
    if options.parts == "official":
        wanted = official
    rows = Rows()
    for part, name in wanted.items():
        if name not in home.names:
            raise UserError(f"{home.path} has no {name}")
        table = _with_endings(home.table(name))
        if missing := [column for column in COLUMNS.values() if column not in table.columns]:
            raise UserError(f"{table.path} has no rows, or no column '{missing[0]}'")
        add(rows, table, COLUMNS, home.places, part, prefix="clips/")
    return rows.dataset(path, home.places.tree())


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
    return Table(table.name, table.path, rows)
