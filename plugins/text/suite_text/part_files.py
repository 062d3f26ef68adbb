"""Which file of a folder is which part of the data, by their names or by options."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from suite import UserError
from suite.kit import nearest, some, split_of_name
from suite.sources import Tree, is_archive, open_tree
from suite_text.loader_options import FilesOptions

PARTS = ("train", "validation", "test")


def opened(path: Path) -> Tree:
    """List a folder or an archive, an archive only once as long as it does not change.

    All loaders look into it in turn to tell whether it is theirs, and a compressed tar has to be decompressed
    for that.
    """
    if not is_archive(path) or not path.is_file():
        return open_tree(path)
    found = path.stat()
    return _archive(str(path), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _archive(path: str, modified: int, size: int) -> Tree:
    del modified, size
    return open_tree(path)


def files_in(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The file at `path`, or those in a folder, with one of these endings, sorted.

    A folder that holds nothing but a folder is passed through. Empty where there are none.
    """
    if path.is_file():
        return [path] if path.name.lower().endswith(suffixes) else []
    while path.is_dir():
        try:
            with os.scandir(path) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
            found = sorted(shown, key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}") from None
        if len(found) != 1 or not found[0].is_dir():
            return [Path(one.path) for one in found if one.name.lower().endswith(suffixes) and one.is_file()]
        path = Path(found[0].path)
    return []


def parts_of(path: Path, names: Sequence[str], options: FilesOptions) -> tuple[dict[str, str], list[str]]:
    """The name of each part's file, and those that are of no part.

    A file that is alone is for training, whatever it is called.

    Args:
        path: how messages call the folder.
        names: to choose from.
        options: the names that the user gave.

    Raises:
        UserError: where there is none for training, more than one for a part, or no file of a given name.
    """
    parts: dict[str, str] = {}
    for part in PARTS:
        if given := getattr(options, part):
            if given not in names:
                raise UserError(f"{path} has no file '{given}' ({part}): {nearest(given, names)}")
            parts[part] = given
    left = [name for name in names if name not in parts.values()]
    if not parts and len(left) == 1:
        return {"train": left[0]}, []
    by_name: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in left:
        called = split_of_name(_stem(name))
        if called is None or called in parts:
            rest.append(name)
        else:
            by_name.setdefault(called, []).append(name)
    for part, found in by_name.items():
        exact = [name for name in found if _stem(name).lower() == part]
        if len(found) > 1 and len(exact) != 1:
            raise UserError(
                f"{path} has more than one file for the {part} part: {some(found)}. Choose one with"
                f" --set loader.{part}={found[0]}"
            )
        parts[part] = exact[0] if exact else found[0]
        rest += [name for name in found if name != parts[part]]
    if "train" not in parts:
        if len(rest) != 1:
            raise UserError(
                f"{path} has no file that is called after the training part, only {some(names)}: name it with"
                " --set loader.train=NAME, or give the path of one file"
            )
        parts["train"] = rest.pop()
    return {part: parts[part] for part in PARTS if part in parts}, rest


def _stem(name: str) -> str:
    """The name without its ending, which may be a language: train of train.en."""
    return name.rpartition(".")[0] or name
