"""The loaders of labeled texts: tables, a folder of .txt per class, lines that begin with their label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLITS, counted, some, tables
from suite.sources import FileSource, is_archive
from suite_text import text_tables
from suite_text.classification.gathering import Gathering, Target
from suite_text.classification.options import FolderOptions, LabeledLinesOptions, TableOptions
from suite_text.encodings import decoded
from suite_text.part_files import files_in, opened, parts_of

LINES_SUFFIXES = (".txt", ".tsv", ".tab", ".ft", ".train", ".valid", ".test")
"""What files of labeled lines end with."""

TEXT = ".txt"
_PEEK = 1 << 16
_FASTTEXT = re.compile(r"\s*((?:__label__\S+[\s,]*)+)(.*)", re.DOTALL)


def detect_table(path: Path) -> bool:
    """Whether `path` is a table (.csv, .tsv, .jsonl, .json), or a folder with some."""
    return _format(path) == "table"


def detect_labeled_lines(path: Path) -> bool:
    """Whether `path` is a file of lines that begin with their label, or a folder with some."""
    return _format(path) == "labeled-lines"


def detect_folder(path: Path) -> bool:
    """Whether `path` is a folder or an archive with .txt files in folders."""
    return _format(path) == "folder"


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Load a table with a text and one or several labels per row, or a folder's for train, validation, test.

    Several labels are a list of JSON, in JSON lines or in a cell, or stand in one cell with a separator.

    Raises:
        UserError: where a table or a column is missing or there is nothing to learn from. Rows that cannot be
            used are left out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_in(path, tables.SUFFIXES)}
    if not files:
        raise UserError(f"{path} is neither a table ({', '.join(tables.SUFFIXES)}) nor a folder with one")
    gathering = Gathering(path, options)
    for part, name in _parts(path, files, options, gathering).items():
        _add_table(gathering, files[name], part, options)
    return gathering.dataset()


def load_labeled_lines(path: Path, options: LabeledLinesOptions) -> Dataset:
    """Load lines of label, tab and text, or of fastText's __label__NAME (one or several) and text.

    Args:
        path: a file, or a folder with files that are called after their parts.
        options: how several labels are separated.

    Raises:
        UserError: where there is no such file or nothing to learn from. Lines that cannot be used are left
            out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in _line_files(path)}
    if not files:
        raise UserError(
            f"{path} has no lines of label, tab and text, or of __label__NAME and text, in a file"
            f" {', '.join(LINES_SUFFIXES)}"
        )
    gathering = Gathering(path, options)
    lines: list[tuple[str, int, str, list[str], str]] = []
    for part, name in _parts(path, files, options, gathering).items():
        found = decoded(FileSource(files[name]).read(), str(files[name]), options.encoding)
        gathering.problems.note_decoding(found, name)
        for number, line in enumerate(found.text.split("\n"), start=1):
            if not line.strip():
                continue
            labels, text = labeled(line, options.label_separator)
            if labels is None:
                gathering.problems.note(
                    "line has neither a tab after its label nor __label__ before it, and is left out",
                    "lines have neither a tab after their label nor __label__ before it, and are left out",
                    f"{name}, line {number}",
                )
            else:
                lines.append((part, number, name, labels, text))
    multi_label = bool(options.label_separator) or any(len(labels) > 1 for _, _, _, labels, _ in lines)
    for part, number, name, labels, text in lines:
        target: Target = labels if multi_label else labels[0]
        gathering.add(part, f"{name}:{number}", f"{name}, line {number}", text, target)
    return gathering.dataset()


def labeled(line: str, separator: str = "") -> tuple[list[str] | None, str]:
    """The labels before a text, and the text; None where the line has no such form."""
    if found := _FASTTEXT.fullmatch(line):
        return [word.rstrip(",") for word in found[1].replace("__label__", " ").split()] or None, found[2]
    before, tab, text = line.partition("\t")
    if not tab:
        return None, line
    return ([label.strip() for label in before.split(separator)] if separator else [before.strip()]), text


def load_folder(path: Path, options: FolderOptions) -> Dataset:
    """Load .txt files that lie in a folder per class.

    Parts are folders called train, validation (val, valid, dev) and test above the class folders. A folder
    around all of it, as archives often have, is passed through. Folders below a class belong to it.

    Args:
        path: a folder or an archive.
        options: how texts are cleaned.

    Raises:
        UserError: where there are no texts in class folders, or only one class. Files that cannot be used are
            left out and named in `Dataset.problems`.
    """
    tree = opened(path)
    texts = [index for index, name in enumerate(tree.names) if name.lower().endswith(TEXT)]
    if not texts:
        raise UserError(
            f"{path} holds no {TEXT} file: put the texts of each class in a folder that is called as it"
        )
    gathering = Gathering(path, options)
    for problem in tree.problems:
        gathering.problems.say(problem)
    if others := [name for name in tree.names if not name.lower().endswith(TEXT)]:
        gathering.problems.say(
            f"{counted(len(others), 'file is', 'files are')} no {TEXT} and left out: {some(others)}"
        )
    folders = [tree.names[index].split("/")[:-1] for index in texts]
    depth = _wrapper_depth(folders)
    has_parts = any(len(folder) > depth + 1 and _part(folder[depth]) == "train" for folder in folders)
    for index, folder in zip(texts, folders, strict=True):
        name = tree.names[index]
        below = folder[depth:]
        part = "train"
        if has_parts:
            part, below = (_part(below[0]) if below else "") or "", below[1:]
        if not part or not below:
            gathering.problems.note(
                "text lies in no class folder and is left out",
                "texts lie in no class folder and are left out",
                name,
            )
            continue
        try:
            found = decoded(tree.read(index), name, options.encoding)
        except UserError as error:
            gathering.problems.note(
                "file cannot be read and is left out", "files cannot be read and are left out", str(error)
            )
            continue
        gathering.problems.note_decoding(found, name)
        gathering.add(part, name, name, found.text, below[0])
    return gathering.dataset(": put the texts of each class in a folder that is called as the class")


def _add_table(gathering: Gathering, file: Path, part: str, options: TableOptions) -> None:
    table = text_tables.read_table(file, options.encoding, gathering.problems)
    text = text_tables.column(table, options.text_column, text_tables.TEXT_COLUMNS, "text_column", "texts")
    names = [name for name in text_tables.LABEL_COLUMNS if name != text.casefold()]
    label = text_tables.column(table, options.label_column, names, "label_column", "labels")
    split = text_tables.column(table, options.split_column, text_tables.SPLIT_COLUMNS, "split_column", "")
    name = file.name
    for line, row in table.rows:
        gathering.add(
            text_tables.part_of_row(row, split, part),
            f"{name}:{line}",
            f"{name}, line {line}",
            text_tables.as_text(row.get(text)),
            target_of(row.get(label), options.label_separator),
        )


def target_of(cell: Any, separator: str = "") -> Target:
    """The label in a cell, or the labels: a list, a list as JSON, or a text with a separator in it."""
    if isinstance(cell, list):
        return [text_tables.as_text(item) for item in cell]
    if isinstance(cell, bool):
        return str(cell).lower()
    text = text_tables.as_text(cell)
    if separator:
        return [piece.strip() for piece in text.split(separator) if piece.strip()]
    if text.lstrip().startswith("[") and text.rstrip().endswith("]"):
        try:
            return list(map(str, msgspec.json.decode(text, type=list[str | int])))
        except msgspec.DecodeError:
            return text
    return text


def _parts(
    path: Path, files: dict[str, Path], options: TableOptions | LabeledLinesOptions, gathering: Gathering
) -> dict[str, str]:
    parts, rest = parts_of(path, list(files), options)
    for name in rest:
        gathering.problems.note("file is of no part and left out", "files are of no part and left out", name)
    return parts


def _part(folder: str) -> str | None:
    return SPLITS.get(folder.lower())


def _wrapper_depth(folders: Sequence[Sequence[str]]) -> int:
    """How many folders there are around the class folders or the parts."""
    depth = 0
    while all(len(folder) >= depth + 2 for folder in folders):
        first = {folder[depth] for folder in folders}
        if len(first) > 1 or _part(next(iter(first))):
            break
        depth += 1
    return depth


def _format(path: Path) -> str:
    found = files_in(path, tables.SUFFIXES)
    columns = [text_tables.header(file) for file in found]
    if any(_has_columns(names) for names in columns):
        return "table"
    if _line_files(path):
        return "labeled-lines"
    if found:
        return "table"
    if path.is_file() and not is_archive(path):
        return ""
    try:
        names = opened(path).names
    except UserError:
        return ""
    return "folder" if any("/" in name and name.lower().endswith(TEXT) for name in names) else ""


def _has_columns(names: Sequence[str]) -> bool:
    text = text_tables.known(names, text_tables.TEXT_COLUMNS)
    others = [name for name in names if name != text]
    return bool(text and text_tables.known(others, text_tables.LABEL_COLUMNS))


def _line_files(path: Path) -> list[Path]:
    """The files whose first lines begin with a label."""
    return [file for file in files_in(path, LINES_SUFFIXES) if _begins_with_labels(file)]


def _begins_with_labels(file: Path) -> bool:
    with file.open("rb") as content:
        head = content.read(_PEEK)
    try:
        text = decoded(head, str(file)).text
    except UserError:
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    lines = lines[:-1] if len(head) == _PEEK and len(lines) > 1 else lines
    found = [labels for line in lines if (labels := labeled(line)[0])]
    # Of a table of other things the first cells mostly differ.
    return len(found) >= 0.8 * len(lines) > 0 and (
        text.lstrip().startswith("__label__")
        or len({labels[0] for labels in found}) <= max(2, len(found) / 2)
    )
