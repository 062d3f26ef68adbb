"""Addresses of data that is elsewhere, in messages: people do not see copies in the cache by their paths."""

from __future__ import annotations

from collections.abc import Sequence

_addresses: dict[str, str] = {}
"""What people call a file or folder of the cache, by its path."""


_left_out: dict[str, list[str]] = {}


def show_as(path: str, address: str, problems: Sequence[str] = ()) -> None:
    """From now on, messages call what lies at a path by its address.

    Args:
        path: in the cache.
        address: of what it is a copy of.
        problems: a sentence for each file there of which there is no copy.
    """
    _addresses[path] = address
    _left_out[path] = list(problems)


def show_no_more(path: str) -> None:
    """From now on, messages call it by its path again."""
    _addresses.pop(path, None)


def left_out(path: str) -> list[str]:
    """A sentence for each file of an address that the copy at a path lacks."""
    return list(_left_out.get(path, ()))


def with_addresses(text: str) -> str:
    """A text with addresses in the place of paths in the cache."""
    # The latest first: what lies in a folder is told after the folder.
    for path in reversed(_addresses):
        if path in text:
            text = text.replace(path, _addresses[path])
    return text
