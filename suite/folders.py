"""Folders that are made for one process alone, and put in the place of others in one moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from suite.errors import UserError
from suite.files import flush_folder, refuse_existing, temporary_name, writing


@contextmanager
def claimed_folder(path: Path, advice: str) -> Iterator[Path]:
    """An empty folder that no other process takes while the block runs, made if it is not there.

    It is removed again if it was made here and is still empty in the end.

    Args:
        path: the folder.
        advice: what to do if it is taken, as the end of a sentence.

    Raises:
        UserError: if there is a file, a folder with something in it, or one that another process has taken.
        UnwritableError: if it cannot be made, saying why.
    """
    refuse_existing(path, advice)
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    yield from _claimed(path, made, advice)


@contextmanager
def claimed_new_folder(paths: Iterable[Path]) -> Iterator[Path]:
    """As `claimed_folder`, the first of several paths where nothing lies: no two processes get the same."""
    path, made = _first_new(paths)
    yield from _claimed(path, made, "try again")


def swap_folder(new: Path, path: Path) -> None:
    """Put a folder in the place of another one, or of nothing, and remove that.

    Where the system can exchange two folders (Linux, macOS), there is no moment without a whole one. Else
    there is a short one between two renamings, and if the process dies in it, the old one is beside `path`.

    Args:
        new: a folder on the same file system.
        path: where it is to be.

    Raises:
        OSError: if it cannot be put there; what was there still is.
    """
    if not path.exists():
        os.replace(new, path)
    elif _exchange(new, path):
        shutil.rmtree(new, ignore_errors=True)
    else:
        old = temporary_name(path)
        os.replace(path, old)
        try:
            os.replace(new, path)
        except OSError:
            os.replace(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    flush_folder(path.parent)


def _first_new(paths: Iterable[Path]) -> tuple[Path, list[Path]]:
    for path in paths:
        made = [folder for folder in path.parents if not folder.exists()]
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.mkdir()
            except FileExistsError:
                continue
        return path, [path, *made]
    raise ValueError("all of the paths are taken")


def _claimed(path: Path, made: list[Path], advice: str) -> Iterator[Path]:
    descriptor = os.open(path, os.O_RDONLY) if os.name == "posix" else -1
    try:
        if _is_locked(descriptor):
            raise UserError(f"another process is about to write {path}: {advice}")
        refuse_existing(path, advice)  # until the lock it could have been written
        try:
            yield path
        finally:
            with suppress(OSError):
                for folder in made:
                    folder.rmdir()
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    """Lock what is open; true if another process has done so. What cannot be locked is not."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _exchange(first: Path, second: Path) -> bool:
    """Exchange the names of two folders at once; false if the system or the file system cannot."""
    import ctypes

    if os.name != "posix":
        return False
    library: Any = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if hasattr(library, "renameat2"):  # Linux: AT_FDCWD is -100, RENAME_EXCHANGE 2
        return bool(library.renameat2(-100, names[0], -100, names[1], 2) == 0)
    if hasattr(library, "renamex_np"):  # macOS: RENAME_SWAP is 2
        return bool(library.renamex_np(*names, 2) == 0)
    return False


def user_cache() -> Path:
    """The folder `suite` in the user's folder for caches: `XDG_CACHE_HOME`, or `~/.cache`."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "suite"
