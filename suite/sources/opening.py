"""Opening a folder or an archive by its path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from suite.errors import UserError, reason
from suite.limits import limits
from suite.regular_files import open_regular
from suite.shown_addresses import left_out
from suite.sources.addresses import is_address
from suite.sources.archive import DAMAGED, TarTree, ZipTree
from suite.sources.folder import list_folder
from suite.sources.tree import Tree
from suite.training_options import LimitOptions

ARCHIVE_SUFFIXES = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz"
)  # fmt: skip


_listings: ContextVar[dict[str, Tree] | None] = ContextVar("_listings", default=None)


@contextmanager
def listed_once() -> Iterator[None]:
    """Within it, a folder is listed once, however many loaders look into it."""
    if _listings.get() is not None:
        yield
        return
    token = _listings.set({})
    try:
        yield
    finally:
        _listings.reset(token)


def is_archive(path: str | Path) -> bool:
    """Whether `path` is called like an archive that `open_tree` reads."""
    return str(path).lower().endswith(ARCHIVE_SUFFIXES)


def open_tree(path: str | Path) -> Tree:
    """List the files below a folder, or in a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz, here or at an address.

    A compressed tar has no random access, so it is decompressed into a temporary file without a name. Every
    loader looks into an archive to tell whether it is its own, so the last one is kept as long as it does not
    change.

    Raises:
        UserError: if there is nothing at `path`, it may not be read, it is no archive, or the archive is
            damaged, encrypted, or has a member that is a link or lies outside of it.
    """
    name = os.fspath(path)
    if is_address(name):
        from suite.sources.mirrors import known_mirror  # which hardly any data needs

        name = os.fspath(known_mirror(name))
    try:
        listings = _listings.get()
        if listings is not None and name in listings:
            return listings[name]
        if Path(name).is_dir():
            listing = list_folder(name)
            listing.problems += left_out(name)
            if listings is not None:
                listings[name] = listing
            return listing
        with open_regular(name) as file:
            head = file.read(6)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {reason(error)}") from None
    if not is_archive(name):
        known = ", ".join(ARCHIVE_SUFFIXES)
        raise UserError(f"{name} is neither a folder nor an archive: known endings are {known}")
    status = Path(name).stat()
    opened = _open_archive(name, head, status.st_mtime_ns, status.st_size, limits())
    if isinstance(opened, UserError):
        raise UserError(str(opened))
    return opened


@lru_cache(maxsize=1)
def _open_archive(
    name: str, head: bytes, modified: int, size: int, allowed: LimitOptions
) -> Tree | UserError:
    """The archive, or why it cannot be opened: that is as slow to find out, and every loader asks."""
    del modified, size, allowed  # another archive, if one of them is another
    try:
        return _opened(name, head)
    except UserError as error:
        return error


def _opened(name: str, head: bytes) -> Tree:
    try:
        if head.startswith(b"PK"):
            return ZipTree(name)
        return TarTree(name, head)
    except DAMAGED as error:
        raise UserError(f"{name} is damaged, or no archive at all: {reason(error)}") from None
    except OSError as error:
        raise UserError(f"{name} cannot be unpacked: {reason(error)}") from None
