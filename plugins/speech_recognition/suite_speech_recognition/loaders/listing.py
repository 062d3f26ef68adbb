"""Which files are recordings, what folders and archives hold, and which folder is a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from suite.kit import SPLITS
from suite.sources import Tree, is_archive, open_tree
from suite_speech_recognition.audio.recordings import SUFFIXES

_SUFFIXES = frozenset(SUFFIXES)


def is_recording(name: str) -> bool:
    """Whether a file is a recording by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES


def stem(name: str) -> str:
    """The path without the ending."""
    return name.rpartition(".")[0] or name


def list_files(path: Path) -> Tree:
    """List a folder or an archive, an archive only once as long as it does not change.

    Each loader looks into it to see whether it is its own, and a compressed tar has to be decompressed for
    that.
    """
    if not is_archive(path) or not path.is_file():
        return open_tree(path)
    status = path.stat()
    return _archive(str(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _archive(path: str, modified: int, size: int) -> Tree:
    del modified, size
    return open_tree(path)


def splits_by_folder(names: Sequence[str]) -> Mapping[str, str | None]:
    """The split of each file, by the outermost folder that is named after one.

    Returns:
        By name; "train" for all if no folder is named train, None for a file in no folder of a split.
    """
    splits = {}
    for name in names:
        named = (SPLITS[folder.lower()] for folder in name.split("/")[:-1] if folder.lower() in SPLITS)
        splits[name] = next(named, None)
    if "train" not in splits.values():
        return dict.fromkeys(names, "train")
    return splits
