"""Which split (train, validation, test) a file or a folder is called after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from suite.kit import split_of_name

__all__ = ["SPLIT_NAMES", "grouped", "split_of_name", "split_of_path"]

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


def grouped(
    files: Iterable[int], split_of: Callable[[int], str | None]
) -> tuple[dict[str, list[int]], list[int]]:
    """Files by their splits, and those of none, which are for training if no other file is.

    Args:
        files: their indices in a tree.
        split_of: the split that one is called after.
    """
    splits: dict[str, list[int]] = {}
    rest: list[int] = []
    for file in files:
        split = split_of(file)
        (splits.setdefault(split, []) if split else rest).append(file)
    if rest and "train" not in splits:
        splits["train"], rest = rest, []
    return splits, rest
