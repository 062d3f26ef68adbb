"""The inputs on a command line (`INPUT...`): files, folders, globs, archives and streams, as sources."""

from __future__ import annotations

import errno
import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from suite.documents import expanded
from suite.errors import PluginError, UserError
from suite.pipeline.codec import Codec, Stream
from suite.sources import FileSource, Tree, is_archive, open_tree
from suite.sources.addresses import is_address
from suite.sources.globs import matching_paths
from suite.sources.source_types import located


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in a list of inputs for something that is there but is no readable file."""

    name: str
    reason: str
    size: int = 0

    def read(self) -> bytes:
        """Raise `UserError` with the reason."""
        raise UserError(self.reason)


class Inputs:
    """The inputs that words on a command line stand for, in the order of the words.

    - A file is an input whatever its name is.
    - A folder (with all below it) or an archive gives its files with an ending that the codec knows, sorted.
    - A word with `*`, `?` or `[` that is no path is a glob, in which `**` stands for any folders.
    - A stream of the codec gives its inputs one by one.
    - An address (`s3://bucket/birds`) gives what the same file, folder or archive here would.
    - If the codec accepts text, any other word is an input itself, unless it reads like a mistyped path.

    If the codec has neither `suffixes` nor streams and accepts no text, inputs are not files, and each word
    is an input.

    Args:
        words: of the command line.
        codec: says what it reads by `suffixes`, `stream_suffixes`, `open_stream` and `accepts_text`.

    Attributes:
        left_out: how many files of folders and archives have other endings, by ending.
        streams: whether there are any streams among them.
        live: whether any of the streams is live.

    Raises:
        UserError: for a path that is not there, and for a folder or an archive with no such file.
    """

    def __init__(self, words: Sequence[str], codec: Codec) -> None:
        self.left_out: Counter[str] = Counter()
        self._suffixes = tuple(suffix.lower() for suffix in codec.suffixes)
        self._stream_suffixes = codec.stream_suffixes
        self._accepts_text = codec.accepts_text
        self._codec = codec
        self._files = bool(self._suffixes or self._stream_suffixes or self._accepts_text)
        self._inputs: list[_Files | _StreamInput | Any] = []
        for word in words:
            self._add_word(word)
        streams = [item.stream for item in self._inputs if isinstance(item, _StreamInput)]
        self.streams = bool(streams)
        self.live = any(stream.live for stream in streams)

    @property
    def total(self) -> int | None:
        """How many inputs there are; None if a stream does not say."""
        total = 0
        for item in self._inputs:
            count = _count(item)
            if count is None:
                return None
            total += count
        return total

    def __iter__(self) -> Iterator[Any]:
        """Sources, the inputs of streams, or the words themselves if inputs are not files.

        A stream that breaks off gives an `Unreadable` at its end, and the next input follows.
        """
        for item in self._inputs:
            if isinstance(item, _Files):
                for index in item.indices:
                    yield item.tree.source(index)
            elif isinstance(item, _StreamInput):
                try:
                    yield from item.stream
                except UserError as error:
                    yield Unreadable(item.stream.name, str(error))
            else:
                yield item

    def _add_word(self, word: str) -> None:
        exists = self._files and _exists(word, may_be_long=self._accepts_text)
        stream = None if exists else self._codec.open_stream(word)
        if stream is not None:
            self._inputs.append(_StreamInput(stream))
            return
        if word == "-":
            wanted = "files, folders, archives or globs" if self._files else "the inputs themselves"
            raise UserError(f"this model does not read standard input ('-'): give {wanted}")
        if not self._files:
            self._inputs.append(word)
            return
        if not exists and is_address(word) and not any(map(str.isspace, word)):
            self._add(located(word))
            return
        paths = [expanded(word)] if exists else _matches(word)
        if not paths:
            if not self._accepts_text:
                raise UserError(_nothing_there(word))
            if _reads_like_a_path(word):
                raise UserError(f"{_nothing_there(word)} (for the word itself, put a space after it)")
            self._inputs.append(word)
        for path in paths:
            if exists or path.is_file() or path.is_dir():
                self._add(path)
            else:  # a glob that also matches a pipe is meant for the others
                self._inputs.append(Unreadable(str(path), f"{path} is no regular file"))

    def _add(self, path: Path) -> None:
        if path.is_file() and not is_archive(path):
            self._add_file(FileSource(path))
            return
        tree = open_tree(path)
        indices = []
        streams: list[Path] = []
        others: Counter[str] = Counter()
        for index, name in enumerate(tree.names):
            suffix = PurePosixPath(name).suffix.lower()
            if suffix in self._suffixes:
                indices.append(index)
            elif suffix in self._stream_suffixes and path.is_dir():  # in an archive there is no seeking
                streams.append(path / name)
            else:
                others[suffix] += 1
        if not indices and not streams:
            held = f"{len(tree)} other file{'s' * (len(tree) != 1)}" if len(tree) else "no file at all"
            raise UserError(
                f"{path} holds {held} and none that can be predicted for, which end in"
                f" {', '.join((*self._suffixes, *self._stream_suffixes))}"
            )
        self.left_out += others
        self._inputs.append(_Files(tree, indices))
        for stream in streams:
            self._add_file(FileSource(stream))
        self._inputs.extend(Unreadable(str(path), problem) for problem in tree.problems)

    def _add_file(self, source: Any) -> None:
        suffix = PurePosixPath(source.name).suffix.lower()
        if suffix in self._stream_suffixes and suffix not in self._suffixes:
            stream = self._codec.open_stream(source)
            if stream is None:
                raise PluginError(f"the codec lists {suffix} in stream_suffixes and opens no such file")
            self._inputs.append(_StreamInput(stream))
        else:
            self._inputs.append(source)


@dataclass(frozen=True)
class _Files:
    """Some files of a folder or an archive."""

    tree: Tree
    indices: list[int]


@dataclass(frozen=True)
class _StreamInput:
    """Marks a stream among the inputs: any object may look like a stream."""

    stream: Stream


def _count(item: Any) -> int | None:
    if isinstance(item, _Files):
        return len(item.indices)
    return item.stream.total if isinstance(item, _StreamInput) else 1


def _exists(word: str, *, may_be_long: bool) -> bool:
    """Whether it is a path that is there; with `may_be_long`, a text too long for a path is not an error."""
    try:
        return bool(word) and expanded(word).exists()
    except OSError as error:
        if may_be_long and error.errno == errno.ENAMETOOLONG:
            return False
        raise UserError(f"'{word[:200]}' cannot be read: {error.strerror}") from None


def _matches(word: str) -> list[Path]:
    if not glob.has_magic(word):
        return []
    return matching_paths(str(expanded(word)))


def _nothing_there(word: str) -> str:
    return f"'{word}' matches no file" if glob.has_magic(word) else f"there is no file or folder '{word}'"


def _reads_like_a_path(word: str) -> bool:
    """Whether a word was meant as a path: it has no white space, and ends like a file or is in a folder."""
    if any(character.isspace() for character in word):
        return False
    ending = PurePosixPath(word).suffix[1:]
    if ending.isascii() and ending.isalnum() and ending[0].isalpha():
        return True
    return bool({"/", os.sep} & set(word)) and expanded(word).parent.is_dir()
