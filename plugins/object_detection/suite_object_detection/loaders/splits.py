"""Which split (train, validation, test) a file or a folder is called after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from suite import UserError
from suite.kit import some, split_of_name
from suite.sources import Tree

__all__ = ["SPLIT_NAMES", "files_of_splits", "split_of_name", "split_of_path"]

SPLIT_NAMES = ("train", "validation", "test")


def split_of_path(path: str) -> str | None:
    """The split of the innermost folder of `path` that is called after any."""
    return _split_of_folders(path.rpartition("/")[0])


@lru_cache(maxsize=4096)
def _split_of_folders(folders: str) -> str | None:
    for folder in reversed(folders.split("/")):
        if split := split_of_name(folder):
            return split
    return None


def files_of_splits(
    path: Path, tree: Tree, files: Sequence[int], kind: str
) -> tuple[dict[str, int], list[str]]:
    """Which file annotates which split, by their names or their folders'.

    Args:
        path: how a message calls the data.
        tree: where the files are.
        files: indices into `tree.names`, at least one. A file that is called after no split is for training,
            if no other file is.
        kind: what a message calls such a file.

    Returns:
        A file for each split, and the names of files that are called after none.

    Raises:
        UserError: if there is more than one for a split.
    """
    splits: dict[str, list[int]] = {}
    rest: list[int] = []
    for file in files:
        name = tree.names[file]
        split = split_of_name(name.rpartition("/")[2]) or split_of_path(name)
        (splits.setdefault(split, []) if split else rest).append(file)
    if "train" not in splits and rest:
        splits["train"], rest = rest, []
    for split, candidates in splits.items():
        if len(candidates) > 1:
            listed = some([tree.names[file] for file in candidates])
            raise UserError(
                f"{path} has more than one {kind} for the {split} split: {listed}. Give the path of one"
            )
    return {split: candidates[0] for split, candidates in splits.items()}, [tree.names[file] for file in rest]
