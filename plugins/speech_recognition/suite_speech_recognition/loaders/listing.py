"""Which files are recordings, what folders and archives hold, and which folder is a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suite.kit import split_of_name
from suite_speech_recognition.audio.recordings import SUFFIXES

_SUFFIXES = frozenset(SUFFIXES)


def is_recording(name: str) -> bool:
    """Whether a file is a recording by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES


def stem(name: str) -> str:
    """The path without the ending."""
    return name.rpartition(".")[0] or name


def splits_by_folder(names: Sequence[str]) -> Mapping[str, str | None]:
    """The split of each file, by the outermost folder that is named after one.

    Returns:
        By name; "train" for all if no folder is named train, None for a file in no folder of a split.
    """
    splits = {}
    for name in names:
        named = (split_of_name(folder, whole=True) for folder in name.split("/")[:-1])
        splits[name] = next(filter(None, named), None)
    if "train" not in splits.values():
        return dict.fromkeys(names, "train")
    return splits
