"""The loader of plain text: files of any size and folders of them, JSON lines with a text each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Examples, Subset, digest
from suite.kit import SPLIT_NAMES, SPLIT_WORDS, counted, some, split_of_name, tables
from suite.sources import FileSource, open_tree
from suite_text.generation.examples import Passages, TextFile, no_labels
from suite_text.generation.loaders.indexing import index_file, is_chat, is_table
from suite_text.generation.options import TextOptions
from suite_text.generation.storage import Spool
from suite_text.reading.chat import messages_of
from suite_text.reading.cleaning import as_fact, cleaning_from
from suite_text.reading.input_files import InputFiles, files_fact
from suite_text.reading.languages import is_language
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import DataFile
from suite_text.reading.tables import TEXT_COLUMNS, columns_in, first_of, known_column

SUFFIXES = (".txt", ".text", ".md", ".rst", ".tex", ".org", ".tokens", *tables.SUFFIXES)
"""The endings of files that are read in a folder, besides those of languages (train.en)."""

_MAX_FOLDERS = 10_000


def detect_text(path: Path) -> bool:
    """Whether `path` is a file of text by its ending, or a folder with some."""
    if path.is_file():
        return _is_text(path.name, ()) and (not is_table(path.name) or _has_text(path))
    for number, (folder, folders, files) in enumerate(os.walk(path, followlinks=True)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        texts = [name for name in files if not name.startswith(".") and _is_text(name, ())]
        if any(not is_table(name) or _has_text(Path(folder, name)) for name in texts):
            return True
        if number == _MAX_FOLDERS:
            break
    return False


def _has_text(path: Path) -> bool:
    """Whether the first row of a table is a conversation or has a column of text."""
    row = first_of(DataFile(path.name, FileSource(path)))
    return row is None or bool(messages_of(row)) or bool(known_column(list(row), TEXT_COLUMNS))


def load_text(path: Path, options: TextOptions) -> Dataset:
    """Index a file, or those of a folder and all below it, as passages; nothing of it stays in memory.

    Splits are folders or files called train, validation (val, valid, dev) and test; there may be many for
    each. If none is called train, everything is for training. Text that is not UTF-8, and that of JSON lines,
    is copied into a temporary file as UTF-8.

    Args:
        path: a file or a folder.
        options: which files, how long passages are, how text is cleaned.

    Raises:
        UserError: if there is no text. Files that cannot be used are left out and named in
            `Dataset.problems`.
    """
    suffixes = tuple(suffix.lower() for suffix in options.suffixes)
    problems = Problems()
    paths, rest = _files(path, suffixes)
    if not paths:
        listed = f", only {some(rest)}" if rest else ""
        raise UserError(
            f"{path} holds no file of text ({', '.join(suffixes or SUFFIXES)}){listed}: name other endings"
            " with --set loader.suffixes='[\".log\"]'"
        )
    if rest:
        problems.say(
            f"{counted(len(rest), 'file is', 'files are')} no text by the ending and left out: {some(rest)}"
        )
    spool = Spool()
    splits: dict[str, list[TextFile]] = {}
    for name, split in _splits(list(paths)).items():
        if split is None:
            problems.note_unused(name)
            continue
        try:
            file = index_file(paths[name], name, options, spool, problems)
        except UserError as error:
            problems.add(
                "file cannot be read and is left out", "files cannot be read and are left out", str(error)
            )
            continue
        if len(file.bounds) < 2:
            problems.add("file is empty", "files are empty", name)
        else:
            splits.setdefault(split, []).append(file)
    files = InputFiles(
        columns=tuple(columns_in(options.text_column)),
        header=options.header,
        encoding=options.encoding,
        chat=any(is_chat(paths[name], options) for name in sorted(paths)[:1]),
    )
    return _dataset(path, splits, options, files, problems)


def _files(path: Path, suffixes: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """The files of text by name, and the names of all others."""
    if path.is_file():
        return {path.name: path}, []
    names = open_tree(path).names
    chosen = [name for name in names if _is_text(name, suffixes)]
    return {name: path / name for name in chosen}, sorted(set(names) - set(chosen))


def _is_text(name: str, suffixes: Sequence[str]) -> bool:
    plain = name.lower().removesuffix(".gz")
    if plain.endswith(tuple(suffixes or SUFFIXES)):
        return True
    return not suffixes and "." in plain and is_language(plain.rpartition(".")[2])


def _splits(names: Sequence[str]) -> dict[str, str | None]:
    """The split of each file, by the outermost folder that is called after a split, or by its own name.

    All are for training if none is called so, or if most are of no split: "training manual.txt" is a book.
    """
    splits: dict[str, str | None] = {}
    for name in names:
        *folders, file = name.split("/")
        of_folders = (SPLIT_WORDS[folder.lower()] for folder in folders if folder.lower() in SPLIT_WORDS)
        splits[name] = next(of_folders, None) or split_of_name(file.removesuffix(".gz").rpartition(".")[0])
    of_none = sum(split is None for split in splits.values())
    if "train" not in splits.values() or 2 * of_none > len(splits):
        return dict.fromkeys(names, "train")
    return splits


def _dataset(
    path: Path,
    splits: dict[str, list[TextFile]],
    options: TextOptions,
    files: InputFiles,
    problems: Problems,
) -> Dataset:
    noted = "".join(f". {sentence}" for sentence in problems.sentences()[:3])
    if not splits:
        raise UserError(f"{path} has no text{noted}")
    if "train" not in splits:
        raise UserError(f"{path} has no text in its train split{noted}")
    passages = {split: Passages(splits[split]) for split in SPLIT_NAMES if split in splits}
    train = _without_duplicates(path, passages, options, problems)
    return Dataset(
        train=train,
        validation=passages.get("validation"),
        test=passages.get("test"),
        facts={"cleaning": as_fact(cleaning_from(options)), **files_fact(files)},
        problems=problems.sentences(),
        labels=no_labels,
    )


def _without_duplicates(
    path: Path, passages: dict[str, Passages], options: TextOptions, problems: Problems
) -> Examples:
    """The training passages without those of other splits, and without copies if the options say so."""
    train = passages["train"]
    held_out = [examples for split, examples in passages.items() if split != "train"]
    left_out = np.zeros(len(train), bool)
    if options.duplicates != "kept" and held_out:
        known_sizes = np.unique(np.concatenate([examples.sizes() for examples in held_out]))
        known_digests = {
            digest(examples[index].input) for examples in held_out for index in range(len(examples))
        }
        for index in np.flatnonzero(np.isin(train.sizes(), known_sizes)).tolist():
            example = train[index]
            if digest(example.input) in known_digests:
                left_out[index] = True
                problems.add(
                    "passage is left out of train, since it is in another split too",
                    "passages are left out of train, since they are in other splits too",
                    example.id,
                )
    if options.duplicates == "removed":
        copies = _is_copy(train) & ~left_out
        for index in np.flatnonzero(copies).tolist():
            problems.add(
                "copy of a training passage is left out",
                "copies of training passages are left out",
                train[index].id,
            )
        left_out |= copies
    if left_out.all():
        raise UserError(
            f"{path}: every training passage is in validation or test too: give other splits, or"
            " --set loader.duplicates=kept"
        )
    return Subset(train, np.flatnonzero(~left_out)) if left_out.any() else train


def _is_copy(passages: Passages) -> np.ndarray:
    """Whether each passage equals an earlier one, bool (passages,); only those of equal sizes are read."""
    copies = np.zeros(len(passages), bool)
    _, inverse, counts = np.unique(passages.sizes(), return_inverse=True, return_counts=True)
    known: set[bytes] = set()
    for index in np.flatnonzero(counts[inverse] > 1).tolist():
        content = digest(passages[index].input)
        copies[index] = content in known
        known.add(content)
    return copies
