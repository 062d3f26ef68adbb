"""Which file of a folder is which split of the data, by their names or by options."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.kit import nearest, reason, some, split_of_name
from suite_text.reading.options import FilesOptions

SPLIT_NAMES = ("train", "validation", "test")


def files_in(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The file at `path`, or those in a folder, with one of these endings, sorted.

    A folder that holds nothing but a folder is passed through. Empty if there are none.
    """
    if path.is_file():
        return [path] if path.name.lower().endswith(suffixes) else []
    while path.is_dir():
        try:
            with os.scandir(path) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
            shown.sort(key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None
        if len(shown) != 1 or not shown[0].is_dir():
            return [
                Path(entry.path)
                for entry in shown
                if entry.name.lower().endswith(suffixes) and entry.is_file()
            ]
        path = Path(shown[0].path)
    return []


def split_files(path: Path, names: Sequence[str], options: FilesOptions) -> tuple[dict[str, str], list[str]]:
    """The name of each split's file, and those that are of no split.

    A file that is alone is for training, whatever it is called.

    Args:
        path: how messages call the folder.
        names: to choose from.
        options: the names that the user gave.

    Raises:
        UserError: if there is none for training, more than one for a split, or no file of a given name.
    """
    splits: dict[str, str] = {}
    for split in SPLIT_NAMES:
        if named := getattr(options, split):
            if named not in names:
                raise UserError(f"{path} has no file '{named}' ({split}): {nearest(named, names)}")
            splits[split] = named
    left = [name for name in names if name not in splits.values()]
    if not splits and len(left) == 1:
        return {"train": left[0]}, []
    by_name: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in left:
        called = split_of_name(_stem(name))
        if called is None or called in splits:
            rest.append(name)
        else:
            by_name.setdefault(called, []).append(name)
    for split, candidates in by_name.items():
        exact = [name for name in candidates if _stem(name).lower() == split]
        if len(candidates) > 1 and len(exact) != 1:
            raise UserError(
                f"{path} has more than one file for the {split} split: {some(candidates)}. Choose one with"
                f" --set loader.{split}={candidates[0]}"
            )
        splits[split] = exact[0] if exact else candidates[0]
        rest += [name for name in candidates if name != splits[split]]
    if "train" not in splits:
        if len(rest) != 1:
            raise UserError(
                f"{path} has no file that is called after the train split, only {some(names)}: name it with"
                " --set loader.train=NAME, or give the path of one file"
            )
        splits["train"] = rest.pop()
    return {split: splits[split] for split in SPLIT_NAMES if split in splits}, rest


def _stem(name: str) -> str:
    """The name without its ending, which may be a language: train of train.en."""
    return name.rpartition(".")[0] or name
