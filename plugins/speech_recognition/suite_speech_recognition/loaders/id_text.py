"""Lists of ids and texts: LJSpeech, AISHELL, MLS, OpenSLR, and whatever else names recordings by their ids.

A line has the name of a recording without folder and ending, and what is said in it: with `|` between them
(LJSpeech's metadata.csv), a tab (MLS, OpenSLR), a comma, or blanks (AISHELL).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import some, split_of_name
from suite.sources import Source, Tree, open_tree
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.loaders.listing import is_recording, splits_by_folder, stem
from suite_speech_recognition.loaders.options import IdTextOptions
from suite_speech_recognition.loaders.tables import text_of

ENDINGS = (".txt", ".csv", ".tsv", ".text", ".lst", ".list", ".trn", ".transcript", ".trans")
"""What lists may end with; so may files without an ending."""

LJSPEECH = "metadata.csv"

HEADERS = (
    "id",
    "file",
    "file_id",
    "utt_id",
    "utterance",
    "name",
    "filename",
    "file_name",
    "recording",
    "wav",
)
"""What the first cell of a list with a header may be."""

_MIN_KNOWN = 5  # lines of prose may begin with a word that is also the name of a recording
_PEEK = 1 << 20
_MAX_LISTS = 500
_DELIMITERS = ("|", "\t")


def may_be_list(name: str) -> bool:
    """Whether a file may be a list by its ending."""
    last = name.rpartition("/")[2].lower()
    return last.endswith(ENDINGS) or "." not in last


def is_list(source: Source, ids: Collection[str]) -> bool:
    """Whether the lines of a file begin with ids of recordings: half of its lines, or half of the ids."""
    try:
        text, _ = text_of(source.read()[:_PEEK], source.name)
    except UserError:
        return False
    rows = [cells for _, cells in rows_of(text, source.name)]
    known = [cells for cells in rows if _recording_in(cells, ids) is not None]
    if 2 * len(known) >= max(1, len(rows)):
        return True
    return len(known) >= _MIN_KNOWN and 2 * len(known) >= len(ids)


def is_ljspeech(text: str) -> bool:
    """Whether a metadata.csv has LJSpeech's form: ids without blanks, and texts after a `|`."""
    first = text.partition("\n")[0].split("|")
    return len(first) in (2, 3) and bool(first[0].strip()) and " " not in first[0].strip()


def rows_of(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not blank; quotation marks mean themselves."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = next((mark for mark in _DELIMITERS if mark in first), "")
    if not delimiter and name.lower().endswith(".csv"):
        delimiter = ","
    for number, line in enumerate(lines, 1):
        if line.strip():
            cells = line.split(delimiter) if delimiter else line.split(maxsplit=1)
            yield number, [cell.strip() for cell in cells]


def ids_of(names: Sequence[str]) -> dict[str, list[int]]:
    """The recordings among files by their ids: their names without folders and endings."""
    ids: dict[str, list[int]] = {}
    for file, name in enumerate(names):
        if is_recording(name):
            ids.setdefault(stem(name.rpartition("/")[2]), []).append(file)
    return ids


def lists_in(tree: Tree, ids: Collection[str]) -> list[int]:
    """The lists among the files of a tree, the shallowest first."""
    candidates = [file for file, name in enumerate(tree.names) if may_be_list(name)]
    candidates.sort(key=lambda file: tree.names[file].count("/"))
    return [file for file in candidates[:_MAX_LISTS] if is_list(tree.source(file), ids)]


def load(path: Path, options: IdTextOptions) -> Dataset:
    """Load recordings that lists name by their ids.

    The split of an example is that of its list's name or folder (`train/transcripts.txt`), else that of its
    recording's folders, if any is called train; otherwise everything is for training.

    Args:
        path: a folder or an archive.
        options: which column of a list is the text.

    Raises:
        UserError: if there are no recordings or no list of them. What cannot be used is named in
            `Dataset.problems`.
    """
    tree = open_tree(path)
    ids = ids_of(tree.names)
    metadata = next((file for file, name in enumerate(tree.names) if name.endswith(LJSPEECH)), None)
    if not ids and metadata is not None:
        first = next(iter(rows_of(text_of(tree.source(metadata).read(), LJSPEECH)[0], LJSPEECH)), (0, [""]))
        raise UserError(
            f"{path} has {tree.names[metadata]}, which lists ids and texts, but none of the recordings: the"
            f" first is wavs/{first[1][0]}.wav, or the like"
        )
    lists = lists_in(tree, ids)
    if not lists:
        raise UserError(
            f"{path} has no list of ids and texts, in which a line begins with the name of a recording"
            f" without its ending, as of {some(list(ids)) if ids else 'recordings (there are none)'}"
        )
    by_folder = splits_by_folder([name for name in tree.names if is_recording(name)])
    utterances = Utterances(options.channel)
    problems = list(tree.problems)
    used: Counter[str] = Counter()
    for list_file in lists:
        name = tree.names[list_file]
        text, notes = text_of(tree.source(list_file).read(), name, options.encoding)
        problems += notes
        split_of_list = _split(name)
        folder = name.rpartition("/")[0]
        for line, cells in rows_of(text, name):
            where = f"{name}, line {line}"
            position = _recording_in(cells, ids)
            if position is None and cells[0].casefold() in HEADERS:
                continue
            if position is None:
                utterances.leave_out("whose recording is not there", f"{where}: {cells[0]}")
                continue
            own = _id(cells[position])
            used[own] += 1
            files = ids[own]
            beside = [file for file in files if tree.names[file].startswith(f"{folder}/")] if folder else []
            file = (beside or files)[0]
            split = split_of_list or by_folder[tree.names[file]]
            said = _said(cells, position, options.text_column)
            if split is None:
                utterances.leave_out("in no folder of a split", where)
            elif said is None:
                utterances.leave_out(f"without a column {options.text_column}", where)
            else:
                utterances.add(split, where, file, said)
    for own, files in ids.items():
        if own not in used:
            utterances.leave_out("without a transcript", tree.names[files[0]])
    return utterances.dataset(path, tree, problems)


def _recording_in(cells: Sequence[str], ids: Collection[str]) -> int | None:
    """The first of the first three cells that names a recording, not counting the last one."""
    return next((index for index, cell in enumerate(cells[:-1][:3]) if _id(cell) in ids), None)


def _id(cell: str) -> str:
    name = cell.rpartition("/")[2]
    return stem(name) if is_recording(name) else name


def _said(cells: Sequence[str], position: int, column: int) -> str | None:
    """The text in a row: of the column that was named, else of the last one that is not empty."""
    if column:
        return cells[column - 1] if column <= len(cells) else None
    return next((cell for cell in reversed(cells[position + 1 :]) if cell), "")


def _split(name: str) -> str | None:
    """The split that a list or one of its folders is called after."""
    *folders, file = name.split("/")
    named = (split_of_name(folder, whole=True) for folder in reversed(folders))
    return split_of_name(file.partition(".")[0]) or next(filter(None, named), None)
