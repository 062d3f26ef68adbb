"""Which files loaders of pictures take."""

from __future__ import annotations

from suite_pictures.headers import SUFFIXES

_SUFFIXES = frozenset(SUFFIXES)


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES
