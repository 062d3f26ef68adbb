"""Which split (train, validation, test) a file or a folder is called after."""

from __future__ import annotations

from functools import lru_cache

from suite.kit import split_of_name

__all__ = ["SPLIT_NAMES", "split_of_name", "split_of_path"]

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
