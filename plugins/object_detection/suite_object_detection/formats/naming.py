"""What a predicted image is called in what is written of it."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath
from typing import Any

from suite.sources import FileSource, Member
from suite_images.video import Frame


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


def item_name(raw: Any, name: str) -> PurePosixPath:
    """What is written of an input is called: `relative_name`, and for frames of a video its name and index.

    Args:
        raw: what was predicted.
        name: how a message calls it.
    """
    if isinstance(raw, Frame):
        # A camera's name has a colon, which Windows forbids.
        video = PurePath(raw.source.name.replace(":", "-"))
        return PurePosixPath(f"{video.stem}-{raw.index:06}.png")
    return relative_name(raw, name)
