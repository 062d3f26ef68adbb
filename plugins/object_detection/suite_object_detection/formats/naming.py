"""What a predicted image is called in what is written of it."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath
from typing import Any

from suite.sources import FileSource, Member


def relative_name(raw: Any, name: str) -> PurePosixPath:
    """The path of a member within its folder or archive; of anything else the base name.

    Args:
        raw: what was predicted.
        name: how a message calls it.
    """
    if isinstance(raw, Member):
        return PurePosixPath(raw.tree.names[raw.index])
    if isinstance(raw, FileSource):
        return PurePosixPath(raw.path.name)
    return PurePosixPath(PurePath(name).name or "image")
