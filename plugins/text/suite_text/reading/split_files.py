"""Which file of a folder is which split of the data, by their names or by options."""

from __future__ import annotations

import io
import os
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from suite import UserError
from suite.kit import SPLIT_NAMES, nearest, reason, some, split_of_name
from suite.sources import FileSource, Source, is_archive, open_file, open_tree
from suite_text.reading.options import FilesOptions

_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a folder or of an archive.

    Attributes:
        name: without its folders.
        source: its bytes.
    """

    name: str
    source: Source

    def __str__(self) -> str:
        """For messages: its path."""
        return self.source.name

    def read(self) -> bytes:
        """The whole content. Raises `UserError` if it cannot be read."""
        return self.source.read()

    def head(self, size: int) -> bytes:
        """The first bytes, `size` at most. Raises `UserError` if they cannot be read."""
        if not isinstance(self.source, FileSource):
            return self.source.read()[:size]
        try:
            with io.BufferedReader(open_file(self.source.path)) as file:
                return file.read(size)
        except OSError as error:
            raise UserError(f"{self} cannot be read: {reason(error)}") from None


def files_in(path: Path, suffixes: tuple[str, ...]) -> list[DataFile]:
    """The file at `path`, or those in a folder or an archive, with one of these endings, sorted.

    A folder that holds nothing but a folder is passed through, in an archive, too. Empty if there are none.
    """
    if path.is_file():
        if is_archive(path):
            return _files_in_archive(path, suffixes)
        return [DataFile(path.name, FileSource(path))] if path.name.lower().endswith(suffixes) else []
    while path.is_dir():
        try:
            with os.scandir(path) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
            shown.sort(key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None
        if len(shown) != 1 or not shown[0].is_dir():
            return [
                DataFile(entry.name, FileSource(Path(entry.path)))
                for entry in shown
                if entry.name.lower().endswith(suffixes) and entry.is_file()
            ]
        path = Path(shown[0].path)
    return []


def _files_in_archive(path: Path, suffixes: tuple[str, ...]) -> list[DataFile]:
    try:
        tree = open_tree(path)
    except UserError:
        return []
    around = posixpath.commonpath([posixpath.dirname(name) for name in tree.names]) if tree.names else ""
    return [
        DataFile(posixpath.basename(name), tree.source(index))
        for index, name in enumerate(tree.names)
        if posixpath.dirname(name) == around and name.lower().endswith(suffixes)
    ]


def split_files(
    path: Path, names: Sequence[str], options: FilesOptions
) -> tuple[dict[str, list[str]], list[str]]:
    """The names of each split's files, and those that are of no split.

    A file that is alone is for training, whatever it is called. Several files of a split that differ in
    numbers only (train-00000-of-00002.csv) are all of it. If no file is for training, there is no train
    split.

    Args:
        path: how messages call the folder.
        names: to choose from.
        options: the names that the user gave.

    Raises:
        UserError: if more than one file may be a split's, none is any's, or there is no file of a given name.
    """
    splits: dict[str, list[str]] = {}
    for split in SPLIT_NAMES:
        if named := getattr(options, split):
            if named not in names:
                raise UserError(f"{path} has no file '{named}' ({split}): {nearest(named, names)}")
            splits[split] = [named]
    taken = {name for chosen in splits.values() for name in chosen}
    left = [name for name in names if name not in taken]
    if not splits and len(left) == 1:
        return {"train": left}, []
    by_name: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in left:
        called = split_of_name(_stem(name))
        if called is None or called in splits:
            rest.append(name)
        else:
            by_name.setdefault(called, []).append(name)
    for split, candidates in by_name.items():
        chosen = _shards(candidates) or [name for name in candidates if _stem(name).lower() == split]
        if len(candidates) > 1 and len(chosen) != 1 and not _shards(candidates):
            raise UserError(
                f"{path} has more than one file for the {split} split: {some(candidates)}. Choose one with"
                f" --set loader.{split}={candidates[0]}"
            )
        splits[split] = chosen or candidates
        rest += [name for name in candidates if name not in splits[split]]
    if "train" not in splits:
        if len(rest) == 1 or _shards(rest):
            splits["train"] = rest
            rest = []
        elif rest or not splits:
            raise UserError(
                f"{path} has no file that is called after the train split, only {some(names)}: name it with"
                " --set loader.train=NAME, or give the path of one file"
            )
    return {split: splits[split] for split in SPLIT_NAMES if split in splits}, rest


def _shards(names: Sequence[str]) -> list[str]:
    """The names in the order of their numbers, if they differ in nothing else; else empty."""
    if len({_NUMBERS.sub("#", name) for name in names}) != 1 or len(names) < 2:
        return []
    return sorted(names, key=lambda name: list(map(int, _NUMBERS.findall(name))))


def _stem(name: str) -> str:
    """The name without its endings, of which one may be a language: train of train.en and train.csv.gz."""
    name = name.removesuffix(".gz")
    return name.rpartition(".")[0] or name
