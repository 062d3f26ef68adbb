"""Paths that a glob matches. A link is followed, but a few that lead to each other do not make it endless."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator
from pathlib import Path

from suite.sources.folder import walk


def matching_paths(pattern: str) -> list[Path]:
    """The files and folders that a pattern matches, sorted.

    `*`, `?` and `[...]` match within a name, `**` any folders. Hidden files are matched only by a name that
    begins with a dot itself. It is what `glob.glob(pattern, recursive=True)` gives, which follows links that
    lead in circles until their paths are too long for the system.
    """
    if "**" not in pattern.split("/"):
        return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207 - it may be absolute
    path = Path(pattern)
    found = [path.anchor]
    parts = path.parts[1:] if path.anchor else path.parts
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1 and not pattern.endswith("/")
        if part == "**":
            found = _below(found, files_too=is_last)
        else:
            found = list(dict.fromkeys(each for folder in found for each in _in_folder(folder, part)))
    return sorted(map(Path, filter(None, found)))


def _below(bases: list[str], *, files_too: bool) -> list[str]:
    """These folders, those below them, and the files if they are wanted."""
    all_of_them: dict[str, None] = {}
    for base in sorted(bases):
        if base in all_of_them or not Path(base or ".").is_dir():
            continue
        all_of_them[base] = None
        folders: list[str] = []
        files = [name for name, _ in walk(base or ".", [], [], folders)]
        for name in [*folders, *(files if files_too else ())]:
            all_of_them[os.path.join(base, name)] = None  # noqa: PTH118 - there may be very many
    return list(all_of_them)


def _in_folder(folder: str, part: str) -> Iterator[str]:
    if not glob.has_magic(part):
        path = os.path.join(folder, part)  # noqa: PTH118
        yield from [path] if os.path.lexists(path) else []
        return
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        return
    for name in fnmatch.filter(names, part):
        if not name.startswith(".") or part.startswith("."):
            yield os.path.join(folder, name)  # noqa: PTH118
