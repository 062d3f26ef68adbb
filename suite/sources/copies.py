"""Whole folders that are elsewhere, copied here and back: runs and models, which are read by path."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path

import msgspec

from suite.errors import UserError
from suite.files import atomic_write, make_folder, writing
from suite.shown_addresses import show_as, show_no_more
from suite.sources.addresses import is_local, kept_address, local_part, name_of
from suite.sources.cache import cache_folder, key_of
from suite.sources.hidden import is_hidden
from suite.sources.placeholders import make_readable
from suite.sources.remote import AT_ONCE, Entry, Remote

_LAST = "checkpoints/"
"""What names other files is written after them: whoever reads in between finds all that it names."""


class FolderElsewhere:
    """A folder at an address and its copy in the cache.

    Args:
        address: of the folder.
        purpose: of the copy; copies for different purposes do not know each other.

    Attributes:
        address: as it may be shown.
        local: the copy.
    """

    def __init__(self, address: str | Path, purpose: str) -> None:
        self.address = kept_address(address).rstrip("/")
        self._base = cache_folder() / purpose / key_of(self.address)[:16]
        self.local = self._base / name_of(self.address)
        self._state = self._base / "copied.json"
        self._remote: Remote | None = None
        self._known = self._read_state()
        self._removed: set[str] = set()
        show_as(str(self.local), self.address)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of this machine from the copy. Raises `UserError` if one has it."""
        make_folder(self._base)
        with open(self._base / "lock", "ab") as file:
            try:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except ImportError:
                pass
            except OSError:
                raise UserError(
                    f"another process is at work on {self.address}: wait for it, or stop it"
                ) from None
            yield

    def files(self) -> dict[str, Entry]:
        """The files that are there by their names; none if there is no such folder.

        Raises:
            UserError: if they cannot be listed.
        """
        found = self._opened().files()
        return {name: entry for name, entry in found.items() if not any(map(is_hidden, name.split("/")))}

    def pull(self, wanted: Callable[[str], bool] = lambda name: True) -> None:
        """Make the copy what is there, and nothing else.

        Args:
            wanted: says which files are copied.

        Raises:
            UserError: if there is nothing, or it cannot be read.
        """
        entries = {name: entry for name, entry in self.files().items() if wanted(name)}
        if not entries:
            raise UserError(f"there is nothing at {self.address}: check the address, in which capitals count")
        make_folder(self.local)
        for name in [name for name in self._here() if name not in entries]:
            (self.local / name).unlink()
        missing = [
            name for name, entry in entries.items() if self._known.get(name) != self._now(name, entry.token)
        ]
        _at_once(lambda name: self._fetch(name, entries[name]), missing)
        self._known = {name: self._now(name, entry.token) for name, entry in entries.items()}
        self._write_state()

    def push(self) -> None:
        """Make what is there the copy: what was changed here since it was copied, then what is gone.

        Raises:
            UserError: if it cannot be written.
        """
        here = self._here()
        changed = [name for name, now in here.items() if self._known.get(name, ("", 0, 0))[1:] != now]
        for last in (False, True):
            _at_once(self._send, [name for name in changed if name.startswith(_LAST) is last])
        gone = [name for name in self._known if name not in here]
        for name in gone:
            self._opened().remove(self._there(name))
            del self._known[name]
        if changed or gone:
            self._write_state()

    def check_writable(self) -> None:
        """Write a small file there, and remove it. Raises `UserError` if that cannot be done."""
        make_folder(self._base)
        file = self._base / ".suite-can-be-written"
        file.write_bytes(b"suite")
        self._opened().send(file, self._there(file.name))
        self._opened().remove(self._there(file.name))

    def clear(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.local, ignore_errors=True)
        self._known = {}
        self._write_state()

    def named_by_path(self) -> None:
        """From now on, messages call the copy by its path: what is elsewhere is not the same."""
        show_no_more(str(self.local))

    def _opened(self) -> Remote:
        if self._remote is None:
            self._remote = Remote(self.address)
        return self._remote

    def _there(self, name: str) -> str:
        return f"{self._opened().path.rstrip('/')}/{name}"

    def _here(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder, below, names in os.walk(self.local):
            below[:] = [each for each in below if not each.startswith(".")]
            for name in names:
                if not name.startswith("."):  # a lock, or what is being written
                    path = Path(folder, name)
                    with suppress(FileNotFoundError):
                        status = path.stat()
                        found[path.relative_to(self.local).as_posix()] = (status.st_size, status.st_mtime_ns)
        return found

    def _now(self, name: str, token: str) -> tuple[str, int, int]:
        try:
            status = (self.local / name).stat()
        except OSError:
            return (token, -1, -1)
        return (token, status.st_size, status.st_mtime_ns)

    def _fetch(self, name: str, entry: Entry) -> None:
        path = self.local / name
        if not path.resolve().is_relative_to(self.local.resolve()):
            raise UserError(f"{self.address} has a file that lies outside of it: '{name}': do not trust it")
        make_folder(path.parent)
        temporary = path.with_name(f".suite-{key_of(name)[:16]}{path.suffix}")
        try:
            self._opened().fetch(entry, temporary)
            make_readable(temporary, entry)
            with writing(path):
                os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def _send(self, name: str) -> None:
        path = self.local / name
        try:
            status = path.stat()
            self._opened().send(path, self._there(name))
        except FileNotFoundError:  # a checkpoint that a newer one has replaced
            return
        self._known[name] = ("", status.st_size, status.st_mtime_ns)

    def _read_state(self) -> dict[str, tuple[str, int, int]]:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=dict[str, tuple[str, int, int]])
        except (OSError, msgspec.MsgspecError):
            return {}

    def _write_state(self) -> None:
        make_folder(self._base)
        atomic_write(self._state, msgspec.json.encode(self._known))


def copied_model(address: str | Path) -> Path:
    """A copy of a run or a model without what only training needs.

    Raises:
        UserError: if there is none, or it cannot be read.
    """
    if is_local(kept_address(address)):
        return local_part(kept_address(address))
    folder = FolderElsewhere(address, "models")
    with folder.locked():
        folder.pull(lambda name: not name.startswith((_LAST, "evaluations/")))
    return folder.local


def _at_once(do: Callable[[str], None], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="suite-copy") as pool:
        waiting = [pool.submit(copy_context().run, do, name) for name in names]
        for each in waiting:
            each.result()
