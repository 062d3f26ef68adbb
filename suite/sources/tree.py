"""The files below a folder or in an archive, as a sorted list of names and a source for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suite.shown_addresses import with_addresses
from suite.sources.source_types import Source


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a tree."""

    tree: Tree
    index: int

    @property
    def name(self) -> str:
        """The tree's path and the member's."""
        return with_addresses(str(Path(self.tree.name, self.tree.names[self.index])))

    @property
    def size(self) -> int:
        """The number of bytes when the tree was listed."""
        return int(self.tree.sizes[self.index])

    def read(self) -> bytes:
        """The whole content. Raises `UserError` if it cannot be read."""
        return self.tree.read(self.index)


class Tree(ABC):
    """The files below a folder or in an archive, without hidden ones and what macOS and Windows leave.

    Compact: a million files take about 150 MB.

    Attributes:
        name: the path as given.
        names: relative paths with `/`, sorted.
        sizes: int64 (files,), the number of bytes of each.
        problems: a sentence for each thing that is neither a file nor a folder (a broken link, say).
        empty_folders: the folders with nothing in them, but perhaps hidden files; sorted.
    """

    def __init__(
        self,
        name: str,
        names: list[str],
        sizes: np.ndarray,
        problems: Sequence[str] = (),
        empty_folders: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.names = names
        self.sizes = sizes
        self.problems = list(problems)
        self.empty_folders = list(empty_folders)

    def __len__(self) -> int:
        return len(self.names)

    def source(self, index: int) -> Source:
        """The file `names[index]`."""
        return Member(self, index)

    @abstractmethod
    def read(self, index: int) -> bytes:
        """The content of the file `names[index]`. Raises `UserError` if it cannot be read."""
