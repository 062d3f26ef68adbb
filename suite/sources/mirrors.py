"""Data that is elsewhere as a folder or file of this machine, so that every loader reads it like any other.

A mirror is a folder in the cache with the names and sizes of what was listed. Files that are many and large
(images, recordings) stand there as *placeholders*: as long as the file, without content or the right to be
read. Whoever opens one by `suite.sources` gets the file fetched; another library gets an error, and never
zeros for content. Texts and tables are fetched at once, several at a time. When an address holds something
else, it gets a new mirror, and a training that is under way keeps its own.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from suite.errors import UserError, reason
from suite.files import atomic_write, make_folder, writing
from suite.shown_addresses import show_as
from suite.sources.addresses import is_local, kept_address, local_part
from suite.sources.cache import Store, cache_folder, key_of, max_bytes
from suite.sources.manifests import Manifest, manifest_of_file, manifest_of_folder
from suite.sources.placeholders import is_placeholder, make_readable, write_placeholder
from suite.sources.remote import AT_ONCE, Entry, Remote
from suite.stopping import check_stop

_LATER = {
    *(".jpg", ".jpeg", ".jpe", ".jp2", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".heic", ".heif"),
    *(".avif", ".ppm", ".pgm", ".pbm", ".dcm"),
    *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".wma", ".amr"),
    *(".au", ".sph", ".w64", ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg"),
    *(".npy", ".npz", ".zip", ".tar", ".tgz", ".parquet", ".feather", ".arrow", ".xlsx"),
    *(".onnx", ".keras", ".h5", ".safetensors", ".pt", ".pth", ".bin", ".tflite"),
}
"""Endings of files that are fetched when they are read; all start with a mark that an empty one lacks."""

_AHEAD = 16
"""Files that are fetched with one that is read: those that are listed after it."""

_MANIFEST = "manifest.json"


class Mirror:
    """A mirror on disk."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.path = folder / "data" / manifest.name
        self._store = _store_of(folder)
        self._turns: dict[str, threading.Lock] = {}
        self._turn = threading.Lock()
        self._remote: Remote | None = None
        self._held = None if manifest.is_file else _hold(folder / "lock")
        self._names: list[str] = []
        self._index: dict[str, int] = {}
        self._ahead: dict[str, Future[None]] = {}
        self._fits = sum(max(0, entry[1]) for entry in manifest.entries.values()) <= max_bytes()
        shown = manifest.folder.rstrip("/")
        show_as(str(self.path.parent), shown.rpartition("/")[0])
        show_as(str(self.path), shown, manifest.problems)

    def fetch(self, name: str) -> None:
        """Put the file of a name into its place, unless it is there.

        Raises:
            UserError: if it cannot be fetched, or is another one by now.
        """
        with self._turn:
            turn = self._turns.setdefault(name, threading.Lock())
        with turn:
            path = self._place(name)
            if not is_placeholder(path):
                return
            entry = Entry(*self.manifest.entries[name])
            key = self.manifest.key(entry)
            stored = self._store.put(
                key, entry.size, self.shown(name), lambda to: self._fetch(entry, to), self._evict
            )
            self._link(stored, path)
        with self._turn:
            self._turns.pop(name, None)

    def fetch_all(self, names: Iterable[str]) -> None:
        """Fetch files, several at a time."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="suite-fetch") as pool:
            # With the limits of the caller, and whom to ask whether to stop.
            waiting = [pool.submit(copy_context().run, self.fetch, name) for name in names]
            try:
                for each in waiting:
                    check_stop()
                    each.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def read(self, path: str) -> None:
        """Fetch the file at a path in the mirror, and begin to fetch those that are listed after it."""
        name = os.path.relpath(path, self.path).replace(os.sep, "/") if not self.manifest.is_file else "."
        if name not in self.manifest.entries:
            raise UserError(f"{self.shown(name)} was not there when it was listed")
        if self._fits and len(self.manifest.entries) > 1:
            self._begin_after(name)
        self.fetch(name)

    def shown(self, name: str) -> str:
        """The address of a file."""
        return self.manifest.address if name == "." else f"{self.manifest.folder.rstrip('/')}/{name}"

    def empty(self, keys: set[str]) -> None:
        """Put placeholders in the place of files whose copies are going to be removed."""
        for name, values in self.manifest.entries.items():
            entry = Entry(*values)
            if self.manifest.key(entry) in keys and not is_placeholder(self._place(name)):
                with suppress(OSError):
                    temporary = self.folder / f"new-{secrets.token_hex(8)}"
                    write_placeholder(temporary, entry)
                    os.replace(temporary, self._place(name))

    def _begin_after(self, name: str) -> None:
        with self._turn:
            if not self._names:
                self._names = sorted(self.manifest.entries)
                self._index = {each: index for index, each in enumerate(self._names)}
            after = self._names[self._index[name] + 1 :][:_AHEAD]
            for each in after:
                if each not in self._ahead and is_placeholder(self._place(each)):
                    self._ahead[each] = _pool().submit(copy_context().run, self._fetch_quietly, each)

    def _fetch_quietly(self, name: str) -> None:
        with suppress(Exception):  # whoever reads it will hear what is wrong
            self.fetch(name)
        with self._turn:
            self._ahead.pop(name, None)

    def _fetch(self, entry: Entry, to: Path) -> None:
        with self._turn:
            if self._remote is None:
                self._remote = Remote(self.manifest.address)
        path = self._remote.path if self.manifest.is_file else entry.path
        self._remote.fetch(replace(entry, path=path), to)
        make_readable(to, entry)

    def _place(self, name: str) -> Path:
        return self.path if name == "." else self.path / name

    def _link(self, stored: Path, path: Path) -> None:
        temporary = self.folder / f"new-{secrets.token_hex(8)}"
        with writing(path):
            try:
                os.link(stored, temporary)
            except OSError:  # a file system without hard links
                shutil.copy2(stored, temporary)
            os.replace(temporary, path)

    def _evict(self, keys: Iterable[str]) -> None:
        going = set(keys)
        for folder in self.folder.parent.iterdir():
            with suppress(UserError, OSError):
                _mirror_in(folder).empty(going)


def mirrored(address: str | Path) -> Path:
    """The path at which the data of an address can be read; `file://` is where it is.

    A file is fetched; of a folder, texts and tables are.

    Raises:
        UserError: what is wrong with the address, or why it cannot be read.
    """
    shown = kept_address(address)
    if is_local(shown):
        path = local_part(shown)
        if not path.exists():
            raise UserError(f"there is no file or folder '{path}' ({shown})")
        return path
    if os.name != "posix":
        raise UserError(f"{shown}: data that is elsewhere is read on Linux and macOS: download it yourself")
    check_stop()
    remote = Remote(shown)
    listed = remote.listing()
    mirrors = cache_folder() / "mirrors"
    if not isinstance(listed, Entry):
        manifest = manifest_of_folder(remote, listed)
    elif listed.token:
        manifest = manifest_of_file(remote, listed)
    else:
        manifest = _identified(remote, listed, _store_of(mirrors / "any"))
    begin = key_of(shown)[:16]
    folder = mirrors / f"{begin}-{key_of(manifest)[:16]}"
    if not (folder / _MANIFEST).is_file():
        _make(folder, manifest)
    _remove_others(mirrors, begin, folder)
    mirror = _mirror_in(folder)
    eager = (PurePosixPath(name).suffix.lower() not in _LATER for name in manifest.entries)
    wanted = [name for name, now in zip(manifest.entries, eager, strict=True) if now or manifest.is_file]
    missing = [name for name in wanted if is_placeholder(mirror._place(name))]
    mirror.fetch_all(missing)
    _newest[shown] = mirror
    return mirror.path


def known_mirror(address: str | Path) -> Path:
    """As `mirrored`, but what this process has listed already is not listed again before `look_again`."""
    shown = kept_address(address)
    found = _newest.get(shown)
    return mirrored(shown) if found is None else found.path


def look_again() -> None:
    """From now on, addresses are listed again."""
    _newest.clear()


def fill(path: str | Path) -> bool:
    """Fetch the file whose placeholder is at a path, unless another thread was faster.

    Returns:
        Whether the file is to be opened again; false for a placeholder that is in no mirror.

    Raises:
        UserError: if it cannot be fetched.
    """
    text = os.path.abspath(path)  # noqa: PTH100 - links stay as they are
    if not is_placeholder(Path(text)):
        return True
    for parent in Path(text).parents:
        if parent.name == "data" and (parent.parent / _MANIFEST).is_file():
            _mirror_in(parent.parent).read(text)
            return True
    return False


_known: dict[str, Mirror] = {}
_newest: dict[str, Mirror] = {}
_stores: dict[Path, Store] = {}
_pools: list[ThreadPoolExecutor] = []
_turn = threading.Lock()


def _mirror_in(folder: Path) -> Mirror:
    with _turn:
        found = _known.get(str(folder))
    if found is not None:
        return found
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"{folder} in the cache is damaged: remove it ({reason(error)})") from None
    mirror = Mirror(folder, manifest)
    with _turn:
        return _known.setdefault(str(folder), mirror)


def _store_of(folder: Path) -> Store:
    with _turn:
        place = folder.parent.parent / "files"
        return _stores.setdefault(place, Store(place))


def _pool() -> ThreadPoolExecutor:
    if not _pools:
        _pools.append(ThreadPoolExecutor(AT_ONCE, thread_name_prefix="suite-fetch-ahead"))
    return _pools[0]


def _identified(remote: Remote, entry: Entry, store: Store) -> Manifest:
    """The manifest of a file of which only the content tells whether it is the same: it is fetched."""
    with store.temporary() as file:
        remote.fetch(entry, file)
        with open(file, "rb") as content:
            token = hashlib.file_digest(content, "sha256").hexdigest()[:40]
        entry = Entry("", file.stat().st_size, token)
        manifest = manifest_of_file(remote, entry)
        make_readable(file, entry)
        key = manifest.key(entry)
        store.put(key, entry.size, remote.address, lambda to: os.replace(file, to), lambda keys: None)
    return manifest


def _make(folder: Path, manifest: Manifest) -> None:
    """Make a mirror of placeholders, which appears as a whole."""
    make_folder(folder.parent)
    temporary = folder.with_name(f"new-{secrets.token_hex(8)}")
    try:
        with writing(folder):
            data = temporary / "data" / manifest.name
            (data.parent if manifest.is_file else data).mkdir(parents=True)
            made: set[str] = set()
            for name, values in manifest.entries.items():
                above = name.rpartition("/")[0]
                if above and above not in made:
                    made.add(above)
                    (data / above).mkdir(parents=True, exist_ok=True)
                write_placeholder(data if name == "." else data / name, Entry(*values))
            atomic_write(temporary / _MANIFEST, msgspec.json.encode(manifest))
            with suppress(OSError):  # another process was faster
                temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _hold(lock: Path) -> Any:
    """Tell other processes that a mirror is in use, as long as this one lives."""
    try:
        import fcntl

        file = lock.open("ab")
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return None
    return file


def _remove_others(mirrors: Path, begin: str, folder: Path) -> None:
    """Remove the mirrors of what the address held before, if nobody reads them any more."""
    for other in mirrors.glob(f"{begin}-*"):
        if other == folder or str(other) in _known or not _is_free(other / "lock"):
            continue
        shutil.rmtree(other, ignore_errors=True)


def _is_free(lock: Path) -> bool:
    try:
        import fcntl

        with lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
