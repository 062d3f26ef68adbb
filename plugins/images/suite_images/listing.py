"""Which files are images, by their names."""

from __future__ import annotations

from suite_images.headers import SUFFIXES

_SUFFIXES = frozenset(SUFFIXES)


def is_image(name: str) -> bool:
    """Whether a file's ending is that of an image."""
    return name[name.rfind(".") :].lower() in _SUFFIXES
