"""Writing so that a file is there whole or not at all.

What is being written has a name that nobody can guess, is made exclusively, so that a link that somebody
planted is never followed, and is locked while it is written: what no living process has locked is a leftover
of one that was killed, and is removed when something is written beside it.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from suite.errors import UnwritableError, UserError, reason

_TEMPORARY = re.compile(r"\.suite-[0-9a-f]{16}(\.[^/]*)?")
_LONGEST_SUFFIX = 20
_YOUNG_SECONDS = 60.0
"""What is younger is never taken for a leftover: it may have been made and not been locked yet."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
"""Errors that only writing raises, so that it need not be asked which file they are about."""

_ADVICE = {
    errno.ENOSPC: "make room, or write elsewhere",
    errno.EDQUOT: "make room within your quota, or write elsewhere",
    errno.EROFS: "write elsewhere",
    errno.EFBIG: "raise the limit on the size of files, or write elsewhere",
    errno.EACCES: "change its permissions, or write elsewhere",
    errno.EPERM: "change its permissions, or write elsewhere",
    errno.ENOENT: "make its folder again, or write elsewhere",
    errno.ENOTDIR: "give a path whose folders are folders",
    errno.EISDIR: "give the name of a file",
    errno.ENAMETOOLONG: "give a shorter name",
}

_swept: set[Path] = set()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to: flushed and renamed to `path` when the block ends well.

    It keeps the ending of `path`, which some writers look at. An empty file is there already, and what is
    written must be written into it. After an error nothing is left behind.

    Raises:
        UnwritableError: if it cannot be written, saying why. Other errors of the block pass unchanged.
        UserError: if `path` is a device, a pipe or a socket.
    """
    _refuse_special(path)
    with writing(path):
        temporary, descriptor = _new_file(path)
    try:
        yield temporary
        with writing(path):
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
            flush_folder(path.parent)
    except Exception as error:
        failed = _failed_write(error, temporary)
        if failed is None or isinstance(error, UnwritableError):
            raise
        raise unwritable(path, failed) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        os.close(descriptor)
    _sweep(path.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, which takes its place when the block ends well.

    `path` may be there if it is an empty folder. After an error nothing is left behind.

    Raises:
        UnwritableError: if it cannot be made, saying why. Other errors of the block pass unchanged.
    """
    with temporary_folder(path) as temporary:
        yield temporary
        with writing(path):
            if os.name != "posix":  # where a folder does not take the place of an empty one
                with suppress(OSError):
                    path.rmdir()
            os.replace(temporary, path)
            flush_folder(path.parent)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path`, which is removed at the end unless it has been renamed.

    Raises:
        UnwritableError: if it cannot be made, saying why.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(path)
        temporary.mkdir()
        descriptor = os.open(temporary, os.O_RDONLY) if os.name == "posix" else -1
        _lock(descriptor)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if descriptor >= 0:
            os.close(descriptor)
    _sweep(path.parent)


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path`, whole or not at all.

    Raises:
        UnwritableError: if it cannot be written, saying why.
    """
    data = content.encode() if isinstance(content, str) else content
    with atomic_path(path) as temporary, writing(path):
        temporary.write_bytes(data)


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, where they are missing.

    Raises:
        UnwritableError: if it cannot be made, saying why.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Turn every `OSError` of the block, which does nothing but write `path`, into what people can read.

    Raises:
        UnwritableError: what could not be written, why, and what to do.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path | str, error: OSError) -> UnwritableError:
    """What to say of something that could not be written.

    Args:
        path: what it is for people: not the temporary file beside it.
        error: why.
    """
    number = _number(error)
    why = os.strerror(number) if number is not None else reason(error)
    advice = _ADVICE.get(number or 0, "write elsewhere, or try again")
    return UnwritableError(f"cannot write {path}: {why[:1].lower()}{why[1:]}; {advice}")


def full_disk(error: BaseException) -> OSError | None:
    """The error that says that nothing can be written, if `error` is one or came of one."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, OSError) and _number(each) in _FULL:
            return each
        waiting += [each.__cause__, each.__context__]
    return None


def unwritable_in(text: str, path: Path) -> UnwritableError | None:
    """What to say if a process that was to write `path` ended because nothing could be written.

    Args:
        text: what it wrote to its error stream.
        path: what it is for people.
    """
    found = next((number for number in _FULL if f"[Errno {number}]" in text), None)
    return None if found is None else unwritable(path, OSError(found, os.strerror(found)))


def refuse_existing(path: Path, advice: str) -> None:
    """Refuse to write where something lies already: nothing of anybody's is ever overwritten.

    Args:
        path: the folder that is to be made; an empty one may be there.
        advice: what to do, as the end of a sentence.

    Raises:
        UserError: if there is a file, or a folder with something in it.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} exists already: {advice}")


def _failed_write(error: Exception, temporary: Path) -> OSError | None:
    """The error of writing `temporary` that `error` is or came of, if so."""
    full = full_disk(error)
    if full is not None:
        return full
    own = isinstance(error, OSError) and error.filename is not None
    return error if own and os.fsdecode(error.filename) == str(temporary) else None  # type: ignore[attr-defined, return-value]


def _number(error: OSError) -> int | None:
    """The number of an error, which HDF5 only writes into its text."""
    if error.errno is not None:
        return error.errno
    found = re.search(r"errno = (\d+)", str(error))
    return int(found[1]) if found else None


def _refuse_special(path: Path) -> None:
    """Refuse to put a file in the place of a device, say: with the rights of an administrator it would go."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UserError(
            f"{path} is no regular file, and a file cannot be put in its place: give another name"
        )


def temporary_name(path: Path) -> Path:
    """A name beside `path` that nobody can guess; what is there when its process is dead is removed."""
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    return path.with_name(f".suite-{secrets.token_hex(8)}{suffix}")


def _new_file(path: Path) -> tuple[Path, int]:
    """A new, empty, locked file beside `path`, and what has to be closed in the end."""
    temporary = temporary_name(path)
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(temporary, flags, 0o666)
    _lock(descriptor)
    return temporary, descriptor


def _lock(descriptor: int) -> bool:
    """Lock what is open, until it is closed or the process dies; false if another process has."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove what dead processes have left in a folder, the first time that something is written there."""
    if folder in _swept or os.name != "posix":
        return
    _swept.add(folder)
    with suppress(OSError):
        for entry in os.scandir(folder):
            if _TEMPORARY.fullmatch(entry.name):
                with suppress(OSError):
                    _remove_leftover(Path(entry.path))


def _remove_leftover(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if time.time() - found.st_mtime < _YOUNG_SECONDS or not _lock(descriptor):
            return
        if stat.S_ISDIR(found.st_mode):
            shutil.rmtree(path, ignore_errors=True)
        elif stat.S_ISREG(found.st_mode):
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Make a rename last through a power cut, if the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
