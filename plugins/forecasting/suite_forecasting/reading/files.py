"""Which file of a folder is which split of the data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from suite import UserError
from suite.kit import SPLIT_NAMES, nearest, reason, some, split_of_name, tables
from suite.sources import FileSource, Source, is_archive, open_tree
from suite_forecasting.reading.problems import SeriesProblems


@dataclass(frozen=True)
class DataFile:
    """A file of the data.

    Attributes:
        name: without its folders.
        source: its bytes.
        part: its split, an index in `SPLIT_NAMES`; 0 if it is of no split.
        stem: the name without its ending.
    """

    name: str
    source: Source
    part: int = 0

    @property
    def stem(self) -> str:
        """The name without its endings."""
        return stem_of(self.name)


def stem_of(name: str) -> str:
    """A file's name without its endings."""
    bare = name.lower().removesuffix(".gz")
    return name[: len(bare)].rpartition(".")[0] or name


def files_in(path: Path, suffixes: tuple[str, ...] = tables.SUFFIXES) -> list[DataFile]:
    """The file at `path`, or those in a folder or an archive, with one of these endings, sorted."""
    if path.is_dir():
        try:
            entries = sorted(entry.name for entry in os.scandir(path) if entry.is_file())
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None
        return [
            DataFile(name, FileSource(path / name))
            for name in entries
            if name.lower().endswith(suffixes) and not name.startswith(".")
        ]
    if path.is_file() and is_archive(path):
        tree = open_tree(path)
        return [
            DataFile(name.rpartition("/")[2], tree.source(index))
            for index, name in enumerate(tree.names)
            if name.lower().endswith(suffixes)
        ]
    return [DataFile(path.name, FileSource(path))] if path.name.lower().endswith(suffixes) else []


def parts_of(path: Path, files: list[DataFile], problems: SeriesProblems, test: str = "") -> list[DataFile]:
    """The files with their splits, without those that are of none.

    Args:
        path: of the data, for messages.
        files: to choose from.
        problems: where to name those that are of no split.
        test: the name of the test file; empty: by their names.

    Returns:
        If no file is called after a split, all of them are of one data set.

    Raises:
        suite.UserError: if the named file is not there, or there is nothing to learn from.
    """
    if test:
        names = [file.name for file in files]
        if test not in names:
            raise UserError(f"{path} has no file '{test}' (test): {nearest(test, names)}")
    if len(files) == 1:
        return files
    splits = ["test" if test and file.name == test else split_of_name(file.stem) or "" for file in files]
    if test:
        splits = [
            "" if split == "test" and file.name != test else split
            for split, file in zip(splits, files, strict=True)
        ]
    if not any(splits):
        return files
    if "train" not in splits and splits.count("") == 1:
        splits[splits.index("")] = "train"
    if "train" not in splits:
        raise UserError(
            f"{path} has no file that is called after the train split, only {some([f.name for f in files])}"
        )
    chosen = [
        DataFile(file.name, file.source, SPLIT_NAMES.index(split))
        for file, split in zip(files, splits, strict=True)
        if split
    ]
    chosen.sort(key=lambda file: file.part)
    for file, split in zip(files, splits, strict=True):
        if not split:
            problems.add("file is of no split and left out", "files are of no split and left out", file.name)
    return chosen
