"""What `INPUT...` on a command line stands for: files, folders, globs and archives, as sources."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from suite.errors import UserError
from suite.sources import FileSource, Tree, is_archive, open_tree


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in a list of inputs for something that was found but is no readable file."""

    name: str
    reason: str
    size: int = 0

    def read(self) -> bytes:
        """Raise `UserError` with the reason."""
        raise UserError(self.reason)


class Inputs:
    """The inputs that words on a command line stand for, in the order of the words.

    A file is taken whatever it is called. Of a folder (with all below it) and of an archive the files
    with one of the `suffixes` are taken, sorted. A word with `*`, `?` or `[` that is no path is a glob,
    where `**` stands for any folders. Where `suffixes` is empty, inputs are not files and each word is
    one itself.

    Args:
        words: what the user gave.
        suffixes: the codec's.

    Attributes:
        left_out: how many files of folders and archives have other endings, by ending.

    Raises:
        UserError: for a path that is not there, and for a folder or an archive with no such file.
    """

    def __init__(self, words: Sequence[str], suffixes: Sequence[str]) -> None:
        self.left_out: Counter[str] = Counter()
        self._suffixes = tuple(suffix.lower() for suffix in suffixes)
        self._parts: list[tuple[Tree, list[int]] | Any] = []
        for word in words:
            if word == "-":
                raise UserError("'-' stands for nothing yet: give files, folders, archives or globs")
            if not self._suffixes:
                self._parts.append(word)
                continue
            for path in _matches(word):
                self._add(path)

    def __len__(self) -> int:
        return sum(len(part[1]) if isinstance(part, tuple) else 1 for part in self._parts)

    def __iter__(self) -> Iterator[Any]:
        """Sources, or the words themselves where inputs are not files."""
        for part in self._parts:
            if isinstance(part, tuple):
                tree, indices = part
                for index in indices:
                    yield tree.source(index)
            else:
                yield part

    def _add(self, path: Path) -> None:
        if path.is_file() and not is_archive(path):
            self._parts.append(FileSource(path))
            return
        tree = open_tree(path)
        indices = []
        others: Counter[str] = Counter()
        for index, name in enumerate(tree.names):
            suffix = PurePosixPath(name).suffix.lower()
            if suffix in self._suffixes:
                indices.append(index)
            else:
                others[suffix] += 1
        if not indices:
            found = f"{len(tree)} other file{'s' * (len(tree) != 1)}" if len(tree) else "no file at all"
            raise UserError(
                f"{path} holds {found} and none that can be predicted for, which end in"
                f" {', '.join(self._suffixes)}"
            )
        self.left_out += others
        self._parts.append((tree, indices))
        self._parts.extend(Unreadable(str(path), problem) for problem in tree.problems)


def _matches(word: str) -> list[Path]:
    path = Path(word).expanduser()
    try:
        if path.exists():
            return [path]
    except OSError as error:  # a name that is too long, say
        raise UserError(f"'{word[:200]}' cannot be read: {error.strerror}") from None
    if glob.has_magic(word):
        found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - it may be absolute
        if found:
            return [Path(one) for one in found]
        raise UserError(f"'{word}' matches no file")
    raise UserError(f"there is no file or folder '{word}'")
