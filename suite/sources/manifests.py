"""What a mirror holds, made from what was listed: only names that a file can have."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import msgspec

from suite.errors import UserError
from suite.sources.cache import key_of
from suite.sources.hidden import is_hidden
from suite.sources.remote import Entry, Remote


class Manifest(msgspec.Struct, frozen=True):
    """What a mirror holds; `entries` are path, size, token and time by the name in the mirror.

    Attributes:
        address: what was listed.
        folder: the address below which the names are; that of a pattern is the folder before it.
        name: of the file or folder in the mirror.
        is_file: whether it is a single file, whose name in `entries` is `.`.
        entries: path, size, token and time of change, as in `Entry`, of each file by its name.
        problems: a sentence on each file that was left out.
    """

    address: str
    folder: str
    name: str
    is_file: bool
    entries: dict[str, tuple[str, int, str, int]]
    problems: list[str] = []

    def key(self, entry: Entry) -> str:
        """What a file is called in the cache: after where it is, and its content."""
        where = self.address if self.is_file else (self.address.partition(":")[0], entry.path)
        return key_of(where, entry.size, entry.token)


def manifest_of_file(remote: Remote, entry: Entry) -> Manifest:
    """The manifest of a single file.

    Raises:
        UserError: if it is a page for people.
    """
    if remote.is_page and PurePosixPath(remote.name).suffix.lower() not in (".html", ".htm", ".xhtml"):
        raise UserError(
            f"{remote.address} is a web page, and no data: give the address of the file itself, or of an"
            " archive; folders cannot be listed over http"
        )
    # Not its path, which may have a signature in it.
    return Manifest(
        remote.address,
        remote.address,
        remote.name,
        True,
        {".": ("", entry.size, entry.token, entry.modified)},
    )


def manifest_of_folder(remote: Remote, listed: list[tuple[str, Entry]]) -> Manifest:
    """The manifest of files below a folder, or of those that a pattern matches.

    Raises:
        UserError: if there is none.
    """
    address = remote.address
    entries, problems = {}, []
    folders = {parent for name, _ in listed for parent in _parents(name)}
    for name, entry in sorted(listed):
        parts = name.split("/")
        if any(map(is_hidden, filter(None, parts))) and not {".", ".."} & set(parts):
            continue
        if {"", ".", ".."} & set(parts) or "\0" in name or (os.sep != "/" and os.sep in name):
            problems.append(f"{name!r} of {address} is no name that a file can have: left out")
        elif any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts):
            problems.append(f"{name[:60]}... of {address} is too long for the name of a file: left out")
        elif name in folders:
            problems.append(f"{name} of {address} is a file and a folder at once: the file is left out")
        else:
            entries[name] = (entry.path, entry.size, entry.token, entry.modified)
    if not entries:
        raise UserError(f"{address} is empty: it holds no file")
    folder = remote.shown(remote.folder) if remote.folder else address
    return Manifest(address, folder, remote.name, is_file=False, entries=entries, problems=problems)


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
