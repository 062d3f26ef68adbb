"""The loaders of translations: parallel files, a line each, and tables with a pair in each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset
from suite.kit import tables
from suite.sources import FileSource
from suite_text.reading import tables as text_tables
from suite_text.reading.encodings import decoded
from suite_text.reading.split_files import files_in, parts_of
from suite_text.reading.problems import Problems
from suite_text.reading.tables import TextTable
from suite_text.translation.examples import Gathering, References
from suite_text.translation.direction import direction
from suite_text.reading.languages import is_language
from suite_text.translation.options import ParallelOptions, TableOptions

PAIRS_OF_COLUMNS = (
    ("source", "target"), ("src", "tgt"), ("src", "trg"), ("source_text", "target_text"),
    ("source_sentence", "target_sentence"), ("input", "output"), ("text", "translation"),
    ("sentence", "translation"), ("original", "translation"), ("source", "translation"),
)  # fmt: skip
"""What the columns of texts and of their translations may be called, in lower case."""

_NESTED = "translation"
"""A column that may hold an object with a text per language, as data sets of the Hub have it."""


def detect_parallel(path: Path) -> bool:
    """Whether `path` is a folder with files of one name that end with different languages."""
    return path.is_dir() and bool(_stems(path))


def detect_table(path: Path) -> bool:
    """Whether `path` is a table with pairs of texts, or a folder with some, and no parallel files."""
    if detect_parallel(path):
        return False
    headers = (text_tables.header(file) for file in files_in(path, tables.SUFFIXES))
    return any(_known_pair(header) or len(_languages(header)) > 1 or _NESTED in header for header in headers)


def load_parallel(path: Path, options: ParallelOptions) -> Dataset:
    """Load files whose lines belong together: train.en and train.de, test.en and test.de.

    Args:
        path: the folder.
        options: the languages.

    Raises:
        UserError: where there are no such files, it is not clear which way to translate, or two files have
            different numbers of lines. Pairs that cannot be used are left out and named in
            `Dataset.problems`.
    """
    stems = _stems(path)
    if not stems:
        raise UserError(
            f"{path} has no parallel files: one per language, that are called the same but for their ending,"
            " as train.en and train.de"
        )
    problems = Problems()
    parts, rest = parts_of(path, list(stems), options)
    for stem in rest:
        problems.note("set of files is of no part, left out", "sets of files are of no part, left out", stem)
    where = f"{path} ({parts['train']})"
    source, target = direction(where, list(stems[parts["train"]]), options.source, options.target)
    gathering = Gathering(path, options, source, target, problems)
    for part, stem in parts.items():
        files = stems[stem]
        if missing := [language for language in (source, target) if language not in files]:
            raise UserError(f"{path} has no file of {stem} in '{missing[0]}', only in {', '.join(files)}")
        sides = [_lines(files[language], options, problems) for language in (source, target)]
        counts = [len(side) for side in sides]
        names = [files[language].name for language in (source, target)]
        if counts[0] != counts[1]:
            raise UserError(
                f"{files[source]} has {counts[0]:,} lines, but {names[1]} has {counts[1]:,}: their lines must"
                " belong together"
            )
        for number, (text, translation) in enumerate(zip(*sides, strict=True), start=1):
            gathering.add(part, names[0], number, text, translation)
    return gathering.dataset()


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Load a table with a text and its translation per row, or a folder's for train, validation and test.

    Args:
        path: a table or a folder.
        options: which columns are meant.

    Raises:
        UserError: where a table or a column is missing, or it is not clear which way to translate. Rows that
            cannot be used are left out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_in(path, tables.SUFFIXES)}
    if not files:
        raise UserError(f"{path} is neither a table ({', '.join(tables.SUFFIXES)}) nor a folder with one")
    problems = Problems()
    parts, rest = parts_of(path, list(files), options)
    for name in rest:
        problems.note("file is of no part and left out", "files are of no part and left out", name)
    gathering: Gathering | None = None
    for part, name in parts.items():
        table = text_tables.read_table(files[name], options.encoding, problems)
        source, target = _columns(table, options)
        if gathering is None:
            gathering = Gathering(path, options, source, target, problems)
        split = text_tables.column(table, options.split_column, text_tables.SPLIT_COLUMNS, "split_column", "")
        for line, row in table.rows:
            gathering.add(
                text_tables.part_of_row(row, split, part),
                name,
                line,
                text_tables.as_text(_cell(row, source)),
                _references(_cell(row, target)),
            )
    assert gathering is not None
    return gathering.dataset()


def _stems(path: Path) -> dict[str, dict[str, Path]]:
    """Files by language, by what they are called without it, where there are two languages at least."""
    found: dict[str, dict[str, Path]] = {}
    for file in files_in(path, ("",)):
        stem, _, ending = file.name.removesuffix(".txt").rpartition(".")
        if stem and is_language(ending):
            found.setdefault(stem, {})[ending] = file
    return {stem: languages for stem, languages in found.items() if len(languages) > 1}


def _lines(file: Path, options: ParallelOptions, problems: Problems) -> list[str]:
    found = decoded(FileSource(file).read(), str(file), options.encoding)
    problems.note_decoding(found, file.name)
    if not found.text.strip():
        raise UserError(f"{file} is empty: it has no text in it")
    return found.text.removesuffix("\n").split("\n")


def _columns(table: TextTable, options: TableOptions) -> tuple[str, str]:
    """The columns of the texts and of their translations."""
    columns = list(table.columns)
    nested = [row[_NESTED] for _, row in table.rows[:1] if isinstance(row.get(_NESTED), dict)]
    if nested:
        columns = list(nested[0])
    if not options.source and not options.target and (pair := _known_pair(columns)):
        return pair
    named = [name for name in (options.source, options.target) if name]
    offered = _languages(columns) if all(map(is_language, named)) and not nested else []
    if len(offered) < 2:
        offered = columns if named or nested or len(columns) == 2 else []
    if not offered:
        listed = ", ".join(f"'{name}'" for name in columns[:10])
        raise UserError(
            f"{table.path} has no columns for the texts and their translations ('source' and 'target', say),"
            f" only {listed}: name them with --set loader.source=NAME --set loader.target=NAME"
        )
    return direction(str(table.path), offered, options.source, options.target)


def _known_pair(columns: Sequence[str]) -> tuple[str, str] | None:
    for names in PAIRS_OF_COLUMNS:
        source, target = (text_tables.known(columns, [name]) for name in names)
        if source and target:
            return source, target
    return None


def _languages(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if is_language(name) and name.lower() != "id"]


def _cell(row: Mapping[str, Any], column: str) -> Any:
    nested = row.get(_NESTED)
    return nested.get(column) if isinstance(nested, dict) else row.get(column)


def _references(cell: Any) -> References:
    """The translation in a cell, or several where it is a list."""
    return list(map(text_tables.as_text, cell)) if isinstance(cell, list) else text_tables.as_text(cell)
