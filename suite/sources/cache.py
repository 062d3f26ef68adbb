"""What was fetched from elsewhere, on disk: by address and content, up to a limit, the oldest going first."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from suite.errors import UserError
from suite.files import make_folder, writing
from suite.folders import user_cache
from suite.limits import limits
from suite.training_options import LimitOptions

PLACE = "SUITE_CACHE"
LIMIT = "SUITE_CACHE_GB"
_GB = 10**9
_KEPT = 0.9
"""Share of the limit that is left when files have been removed, so that it is not done for every file."""

_DISK_RESERVE = 1 << 30


def cache_folder() -> Path:
    """Where copies are: `SUITE_CACHE`, else `suite` in the user's folder for caches."""
    given = os.environ.get(PLACE)
    if given:
        return Path(given).expanduser().resolve()
    return user_cache().resolve()


def max_bytes() -> int:
    """How much may be kept: `runtime.max_cache_gb`, or `SUITE_CACHE_GB` if that is not set."""
    given = os.environ.get(LIMIT, "")
    chosen = limits().max_cache_gb
    if not given or chosen != LimitOptions().max_cache_gb:
        return int(chosen * _GB)
    try:
        return int(float(given) * _GB)
    except (ValueError, OverflowError):
        raise UserError(f"{LIMIT}={given} is no number of gigabytes") from None


class Store:
    """Files by keys, in a folder that several processes may use at once.

    Args:
        folder: is made when the first file is put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turn = threading.Lock()
        self._total: int | None = None

    def path(self, key: str) -> Path:
        """Where the file of a key is, if it is there."""
        return self.folder / key[:2] / key

    def put(self, key: str, size: int, what: str, fetch: Callable[[Path], None], evict: Evict) -> Path:
        """The file of a key, which is fetched unless it is there.

        Args:
            key: 32 letters and digits.
            size: of the file, -1 if it is not known.
            what: the file in a message.
            fetch: writes it to a path.
            evict: is called with the keys that are to be removed, before they are.

        Raises:
            UserError: if it is larger than the limit, or than the disk has room.
        """
        path = self.path(key)
        if path.exists():
            return path
        if size > max_bytes():
            raise UserError(
                f"{what} has {size / _GB:,.3g} GB, and copies of what is elsewhere may take"
                f" {max_bytes() / _GB:,.3g} GB: raise that with"
                f" --set runtime.max_cache_gb={2 * size // _GB + 1}"
            )
        make_folder(path.parent)
        if size > 0 and shutil.disk_usage(path.parent).free < size + _DISK_RESERVE:
            raise UserError(
                f"{what} has {size / _GB:,.3g} GB, for which {self.folder} has no room: make room, or give"
                f" another folder in {PLACE}"
            )
        with self.temporary(path.suffix) as file:
            with writing(what):
                file.touch()
            fetch(file)
            fetched = file.stat().st_size
            with writing(path):
                os.replace(file, path)
        self._count(fetched, key, evict)
        return path

    @contextmanager
    def temporary(self, suffix: str = "") -> Iterator[Path]:
        """A name for a file that is being written; what is left there is removed."""
        make_folder(self.folder / "new")
        file = self.folder / "new" / f"{secrets.token_hex(8)}{suffix}"
        try:
            yield file
        finally:
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def _count(self, size: int, newest: str, evict: Evict) -> None:
        with self._turn:
            if self._total is None:
                self._total = sum(found[1] for found in self._files())
            else:
                self._total += size
            if self._total <= max_bytes():
                return
            files = sorted(self._files())
            total = sum(found[1] for found in files)
            going = []
            for _, held, key in files:
                if total <= max_bytes() * _KEPT:
                    break
                if key != newest:
                    going.append(key)
                    total -= held
            evict(going)
            for key in going:
                with suppress(OSError):
                    self.path(key).unlink()
            self._total = total

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """When each file was put or last taken, its size, and its key."""
        for folder in self.folder.glob("??"):
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(OSError):
                        status = entry.stat()
                        yield status.st_ctime_ns, status.st_size, entry.name


Evict = Callable[[Iterable[str]], None]


def key_of(*parts: object) -> str:
    """A name for what these parts say together."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
