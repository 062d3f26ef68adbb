"""What a message says about data that no loader reads: what is there, what it is, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from suite.contributions import Contributed, DataLoader
from suite.errors import UserError
from suite.host import Host
from suite.sources import is_archive, open_tree
from suite.wording import counted, some

_SHOWN = 4
_MAX_FILES = 10_000
_MAX_BYTES = 50_000_000
"""Data with more files or bytes than this is not loaded for the sake of a hint."""


def detection(loader: Contributed[DataLoader[Any]], path: Path) -> tuple[bool, str]:
    """Whether a loader reads the data, and if not, what it says of it; whatever it raises passes through."""
    answer = loader.item.detect(path)
    return (False, answer.strip()) if isinstance(answer, str) else (bool(answer), "")


def reasons(host: Host, path: Path, first: str = "") -> list[str]:
    """What loaders say of data that they know and do not read, a sentence each.

    Args:
        host: with the loaders.
        path: the data.
        first: the task whose loaders come first.
    """
    said = []
    for loader in sorted(host.loaders(), key=lambda loader: loader.task != first.rpartition(":")[2]):
        try:
            sentence = detection(loader, path)[1]
        except Exception:  # noqa: BLE001 - a hint is not worth an error
            sentence = ""
        if sentence and sentence not in said:
            said.append(sentence)
    return said


def readable_as(host: Host, path: Path, task: str) -> list[str]:
    """The names of the other tasks of which a loader recognizes the data and can load it."""
    tree = _tree(path)
    size = path.stat().st_size if tree is None else int(tree.sizes.sum())
    if size > _MAX_BYTES or (tree is not None and len(tree) > _MAX_FILES):
        return []
    found: list[str] = []
    for loader in host.loaders():
        if loader.task not in (task.rpartition(":")[2], *found):
            try:
                if detection(loader, path)[0]:
                    loader.item.load(path, loader.item.options())
                    found.append(loader.task)
            except Exception:  # noqa: BLE001, S112 - a hint is not worth an error
                continue
    return found


def contents(path: Path) -> str:
    """What lies at a path, as the end of a sentence: `a folder with 24 files: 12 .jpg, 12 .json`."""
    tree = _tree(path)
    if tree is None:
        kind = f"a {path.suffix} file" if path.suffix else "a file without an ending"
        return f"{kind} of {path.stat().st_size:,} bytes"
    what = "an archive" if path.is_file() else "a folder"
    if not len(tree):
        return f"{what} without any file"
    kinds = Counter(PurePosixPath(name).suffix.lower() or "without an ending" for name in tree.names)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(_SHOWN))
    more = f" and {len(kinds) - _SHOWN:,} other kinds" if len(kinds) > _SHOWN else ""
    text = f"{what} with {counted(len(tree), 'file', 'files')}: {listed}{more}"
    folders = list(dict.fromkeys(name.partition("/")[0] for name in tree.names if "/" in name))
    if folders:
        text += f", in {'the folder' if len(folders) == 1 else 'the folders'} {some(folders, _SHOWN)}"
    return text


def _tree(path: Path) -> Any:
    if path.is_file() and not is_archive(path):
        return None
    try:
        return open_tree(path)
    except UserError:
        return None


def unrecognized(
    host: Host,
    task: str,
    path: Path,
    offered: Sequence[Contributed[DataLoader[Any]]],
    said: Sequence[str],
    broken: str,
) -> UserError:
    """The error for data that no loader of the task reads.

    Args:
        host: with the loaders of all tasks.
        task: as the user named it.
        path: the data.
        offered: the loaders of the task.
        said: what they say of the data.
        broken: lines on plugins and loaders that failed.
    """
    said = [*said, *(sentence for sentence in reasons(host, path) if sentence not in said)]
    known = "".join(f"\n{sentence}" for sentence in said)
    listed = "".join(f"\n  {loader.name}: {loader.item.summary}" for loader in offered)
    others = [] if said else readable_as(host, path, task)
    names = " and ".join(f"'{name}'" for name in others)
    other = f"\nIt can be read as data for {names}" if others else ""
    return UserError(
        f"no loader recognizes '{path}', {contents(path)}.{known}\nThe loaders of '{task}' are{listed}"
        f"{broken}{other}\nName one with --loader to see why it does not read the data"
    )
