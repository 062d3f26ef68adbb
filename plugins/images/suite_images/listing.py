"""Which files loaders of images take."""

from __future__ import annotations

from suite_images.headers import SUFFIXES

_SUFFIXES = frozenset(SUFFIXES)


def is_image(name: str) -> bool:
    """Whether a file is an image by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES
