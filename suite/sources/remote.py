"""What lies at an address, by fsspec: listed without being read, and fetched with patience."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from suite.errors import UserError, reason
from suite.sources.addresses import (
    complete_address,
    kept_address,
    name_of,
    protocol_of,
    without_archive,
    without_secrets,
)
from suite.sources.remote_errors import CutError, MissingError, explained, is_temporary
from suite.stopping import check_stop

Got = TypeVar("Got")

AT_ONCE = 16
"""Files, or pieces of one, that are fetched at the same time."""

_PIECE = 32 << 20
"""Bytes of a large file that are fetched, and fetched again, at a time."""

_TRIES = 5
FIRST_PAUSE = 0.5
"""Seconds before the second try; each further pause is twice as long, give or take a half."""

_TOKENS = ("ETag", "etag", "md5Hash", "Content-MD5", "blob_id", "generation", "content_hash", "sha256")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")
"""What file systems call the digest of a file, or its version, and when it was changed."""

_PACKAGES = {
    "s3": "keras-suite[cloud]",
    "s3a": "keras-suite[cloud]",
    "http": "keras-suite[cloud]",
    "https": "keras-suite[cloud]",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "hf": "huggingface_hub",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is elsewhere.

    Attributes:
        path: as its file system calls it.
        size: bytes; -1 if that is not said.
        token: changes with the content; "" if nothing of the kind is said.
        modified: nanoseconds since 1970; 0 if that is not said.
    """

    path: str
    size: int
    token: str
    modified: int = 0


class Remote:
    """An address, opened.

    Args:
        address: as it may be shown; what is secret in it is known by `complete_address`.

    Attributes:
        address: as it may be shown.
        path: as the file system calls it.
        name: what the data is called.
        folder: of a pattern, the path of the folder before its first `*`, `?` or `[`, once it is listed.
        is_page: whether a web server calls it a page for people; known once it is listed.

    Raises:
        UserError: if a package is missing, or the address is none.
    """

    def __init__(self, address: str) -> None:
        self.address = kept_address(address)
        self.protocol = protocol_of(address)
        inner = without_archive(complete_address(address))[0]
        self.name = name_of(address)
        self.folder = ""
        self.is_page = False
        self._system, self.path = _opened(inner, self.protocol, self.address)

    def listing(self) -> list[tuple[str, Entry]] | Entry:
        """The file at the address, or the files below it, by their paths relative to it.

        A pattern gives what it matches, relative to the folder before its first `*`, `?` or `[`.

        Raises:
            UserError: if there is nothing, it may not be read, or folders cannot be listed there.
        """
        is_web = self.protocol in ("http", "https")
        pattern = "" if is_web else self.path
        if set("*?[") & set(pattern):
            return self._matching(pattern)
        if is_web and self.path.partition("?")[0].endswith("/"):
            raise UserError(self._no_folders())
        found = self._attempted(lambda: self._system.info(self.path))
        if found.get("type") == "directory":
            infos = self._attempted(lambda: self._system.find(self.path, detail=True))
            return list(_relative(infos, self.path))
        if is_web:
            self.is_page = found.get("mimetype") in ("text/html", "application/xhtml+xml")
            if not PurePosixPath(self.name).suffix and PurePosixPath(name_of(found.get("url", ""))).suffix:
                self.name = name_of(found["url"])  # to which it was redirected
        return _entry(found)

    def files(self) -> dict[str, Entry]:
        """The files below the address, by their paths relative to it; none if there is nothing."""
        try:
            infos = self._attempted(lambda: self._system.find(self.path, detail=True))
        except MissingError:
            return {}
        return dict(_relative(infos, self.path))

    def send(self, file: Path, to: str) -> None:
        """Write a file to a path of its file system, where it appears as a whole.

        Raises:
            UserError: if it cannot be written.
            FileNotFoundError: if there is no such file here.
        """
        folder = to.rpartition("/")[0]

        def once() -> None:
            if self.protocol == "memory":
                self._system.makedirs(folder, exist_ok=True)
            self._system.put_file(str(file), to)

        try:
            self._attempted(once, to, "written")
        except UserError:
            if not file.exists():
                raise FileNotFoundError(str(file)) from None
            raise

    def remove(self, path: str) -> None:
        """Remove a file, if it is there. Raises `UserError` if it may not be removed."""
        try:
            self._attempted(lambda: self._system.rm_file(path), path, "removed")
        except MissingError:
            return

    def fetch(self, entry: Entry, to: Path) -> None:
        """Write a file to `to`.

        Raises:
            UserError: if it cannot be fetched, or is not what was listed any more.
        """
        if entry.size > _PIECE and self._gives_pieces(entry):
            self._fetch_pieces(entry, to)
        else:
            self._attempted(lambda: self._fetch_whole(entry, to), entry.path)
        if entry.token and not _is_of(to, entry.token):
            self._check_same(entry)

    def _check_same(self, entry: Entry) -> None:
        """Refuse a file that has become another one since it was listed. Raises `UserError`."""
        now = _entry(self._attempted(lambda: self._system.info(entry.path), entry.path))
        if entry.token and (now.token, now.size) != (entry.token, entry.size):
            raise UserError(
                f"{self.shown(entry.path)} was changed since it was listed: start again, for what was read"
                " before and what would be read now do not belong together"
            )

    def shown(self, path: str) -> str:
        """A path of its file system as an address."""
        if "://" in path:
            return without_secrets(path)
        return without_secrets(f"{self.protocol}://{path.lstrip('/')}")

    def _fetch_whole(self, entry: Entry, to: Path) -> None:
        if 0 <= entry.size <= _PIECE:
            content = self._system.cat_file(entry.path)
            to.write_bytes(content)
        else:
            self._system.get_file(entry.path, str(to))
        got = to.stat().st_size
        if entry.size >= 0 and got != entry.size:
            self._check_same(entry)
            raise CutError(f"{got:,} of {entry.size:,} bytes came")

    def _gives_pieces(self, entry: Entry) -> bool:
        try:
            return len(self._system.cat_file(entry.path, start=0, end=16)) == 16
        except Exception:  # noqa: BLE001 - then it is fetched as a whole, which says what is wrong
            return False

    def _fetch_pieces(self, entry: Entry, to: Path) -> None:
        starts = range(0, entry.size, _PIECE)

        def fetch(start: int) -> None:
            end = min(start + _PIECE, entry.size)

            def once() -> None:
                content = self._system.cat_file(entry.path, start=start, end=end)
                if len(content) != end - start:
                    raise CutError(f"{len(content):,} of {end - start:,} bytes came")
                with open(to, "rb+") as file:
                    file.seek(start)
                    file.write(content)

            self._attempted(once, entry.path)

        to.touch()
        with ThreadPoolExecutor(min(AT_ONCE // 4, len(starts))) as pool:
            list(pool.map(fetch, starts))

    def _matching(self, pattern: str) -> list[tuple[str, Entry]]:
        self.folder = re.split(r"[*?\[]", pattern)[0].rpartition("/")[0]
        found = self._attempted(lambda: self._system.glob(pattern, detail=True))
        infos: dict[str, Any] = {}
        for path, info in found.items():
            if info.get("type") == "directory":
                infos |= self._attempted(partial(self._system.find, path, detail=True))
            else:
                infos[path] = info
        if not infos:
            raise UserError(f"{self.address} matches no file")
        return list(_relative(infos, self.folder))

    def _no_folders(self) -> str:
        return (
            f"{self.address} is a folder of a web server, and folders cannot be listed over http: give the"
            " address of an archive (.zip, .tar.gz) or of a table (.csv, .parquet) instead"
        )

    def _attempted(self, action: Callable[[], Got], path: str = "", done: str = "read") -> Got:
        """What an action gives, which is tried again if the connection broke or the server was busy."""
        for attempt in range(1, _TRIES + 1):
            check_stop()
            try:
                return action()
            except UserError:
                raise
            except Exception as error:  # noqa: BLE001 - each file system has its own
                if attempt == _TRIES or not is_temporary(error):
                    what = self.shown(path) if path else self.address
                    raise explained(error, what, self.protocol, attempt, done) from None
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError


def _opened(inner: str, protocol: str, shown: str) -> tuple[Any, str]:
    install = _PACKAGES.get(protocol, "keras-suite[cloud]")
    missing = f"{shown} needs a package that is not installed: pip install '{install}'"
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError:
        raise UserError(missing.replace(install, "keras-suite[cloud]")) from None
    try:
        settings = {"use_listings_cache": False, "skip_instance_cache": True}
        if protocol in ("http", "https"):
            # The environment says which proxy to take, and ~/.netrc who one is.
            settings |= {"client_kwargs": {"trust_env": True}, "encoded": "%" in inner}  # type: ignore[dict-item]
        if protocol in ("s3", "s3a"):
            settings |= {"config_kwargs": {"retries": {"total_max_attempts": 1}}}  # type: ignore[dict-item]
        system, path = fsspec.core.url_to_fs(inner, **(settings if protocol != "memory" else {}))
        if protocol in ("s3", "s3a"):  # which would wait and try again five times five times
            system.retries = 1
    except ImportError:
        raise UserError(missing) from None
    except ValueError as error:
        if "rotocol not known" in str(error):
            raise UserError(f"{shown} is no address that can be read: '{protocol}://' is not known") from None
        raise UserError(f"{shown} is no address that can be read: {without_secrets(reason(error))}") from None
    except Exception as error:  # noqa: BLE001 - a file system of another package may raise anything
        raise UserError(f"{shown} cannot be opened: {without_secrets(reason(error))}") from None
    return system, path


def _is_of(path: Path, token: str) -> bool:
    """Whether a token is the digest of a file's content, as most object stores have it."""
    if re.fullmatch(r"[0-9a-f]{32}", token) is None:
        return False
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == token


def _relative(infos: dict[str, Any], root: str) -> Iterator[tuple[str, Entry]]:
    begin = len(root.rstrip("/")) + 1 if root.strip("/") else len(root)
    for path, info in infos.items():
        if info.get("type", "file") == "file" and not path.endswith("/"):
            yield path[begin:], _entry(info, path)


def _entry(info: dict[str, Any], path: str | None = None) -> Entry:
    token = next(
        (str(info[key]) for key in _TOKENS if info.get(key)),
        "",
    )
    when = next((info[key] for key in _TIMES if info.get(key)), None)
    modified = _nanoseconds(when)
    token = token or (str(info.get("Last-Modified") or "") or (str(modified) if modified else ""))
    size = info.get("size")
    return Entry(path or info["name"], -1 if size is None else int(size), token.strip('"'), modified)


def _nanoseconds(when: Any) -> int:
    if isinstance(when, str):
        with suppress(ValueError):
            when = datetime.fromisoformat(when)
    seconds = when.timestamp() if hasattr(when, "timestamp") else when
    return round(seconds * 10**6) * 1000 if isinstance(seconds, int | float) else 0
