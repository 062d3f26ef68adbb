"""Whether data still holds what it held: contents are compared on a sample, sizes and times on all files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from suite.data.dataset import Dataset, digest
from suite.errors import UserError
from suite.sources.source_types import located

SAMPLE = 32
"""Examples whose contents are compared, evenly spaced over all splits."""

_MAX_FILES = 10_000
_MAX_BYTES = 4 << 20


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What data held when a run was begun.

    Attributes:
        sample: a digest of the content of some examples, by their ids.
        files: a digest of the names, sizes and times of change of the files; "" if it lies in memory.
    """

    sample: dict[str, str] = {}
    files: str = ""


def contents_of(dataset: Dataset, path: str) -> Contents:
    """Look at what data holds.

    Args:
        dataset: with its splits.
        path: where it lies, an address perhaps; "" for data in memory.
    """
    total = sum(map(len, dataset.splits.values()))
    places = np.unique(np.linspace(0, total - 1, min(SAMPLE, total)).astype(int))
    sample = {}
    for split in dataset.splits.values():
        for index in places[(places >= 0) & (places < len(split))].tolist():
            example = split[index]
            found = _digest(example.input)
            if found:
                sample[example.id] = found
        places -= len(split)
    return Contents(sample=sample, files=_files(located(path)) if path else "")


def changes(before: Contents, now: Contents, path: str, since: str, *, moved: bool) -> str:
    """A sentence on what of the data is not what it was; "" if all that was compared is.

    Args:
        before: what it held.
        now: what it holds.
        path: where it lies.
        since: how the sentence calls the moment before, "runs/birds was begun" say.
        moved: whether it lay elsewhere, where files had other times.
    """
    others = [name for name, held in before.sample.items() if now.sample.get(name, held) != held]
    if others:
        return (
            f"the data in {path} holds something else than when {since}: of {len(before.sample)} examples"
            f" that were compared, {len(others)} are changed, '{others[0]}' for one"
        )
    if moved or not before.files or before.files == now.files:
        return ""
    return (
        f"files in {path} were changed, added or removed after {since}; the {len(before.sample)} examples"
        " that were compared hold what they held"
    )


def _digest(raw: Any) -> str:
    """Of an input's content; "" if it cannot be read, or is of a kind of its own."""
    source = getattr(raw, "source", raw)
    source = source if hasattr(source, "read") else raw
    try:
        if hasattr(source, "read") and _bytes(source) > _MAX_BYTES:
            return ""
        return digest(source)[:8].hex()
    except (UserError, OSError, TypeError, ValueError, OverflowError):
        return ""


def _bytes(source: Any) -> int:
    size = getattr(source, "size", 0)
    return size if isinstance(size, int) else 0


def _files(path: Path) -> str:
    """A digest of the names, sizes and times of the first files of a folder, or of a single file."""
    total = hashlib.blake2b(digest_size=12)
    for _, (name, status) in zip(range(_MAX_FILES), _listed(path), strict=False):
        total.update(f"{name}\t{status.st_size}\t{status.st_mtime_ns}\n".encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def _listed(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    if path.is_file():
        yield path.name, path.stat()
        return
    for folder, below, names in os.walk(path):
        below.sort()
        for name in sorted(names):
            try:
                yield os.path.relpath(os.path.join(folder, name), path), os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118
            except OSError:
                continue
