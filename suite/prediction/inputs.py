"""What `INPUT...` on a command line stands for: files, folders, globs, archives and streams, as sources."""

from __future__ import annotations

import errno
import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from suite.errors import UserError
from suite.pipeline.codec import Codec
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


class Stream(Protocol):
    """Many raw things, one after the other: the images of a video or of a camera, say.

    Attributes:
        name: how a message calls it.
        total: how many there are, or None where that is not known before the end.

    A stream may have an attribute `live`: whether its things come as they happen (a camera, a microphone).
    Each is then predicted when it is there, before the next one is asked for.
    """

    @property
    def name(self) -> str: ...

    @property
    def total(self) -> int | None: ...

    def __iter__(self) -> Iterator[Any]:
        """What the codec encodes, one at a time, each with a `name` of its own.

        Raises:
            UserError: where it cannot be opened, or breaks off; the message says what was read by then.
        """


class Inputs:
    """The inputs that words on a command line stand for, in the order of the words.

    A file is taken whatever it is called. Of a folder (with all below it) and of an archive the files
    with an ending that the codec knows are taken, sorted. A word with `*`, `?` or `[` that is no path is a
    glob, where `**` stands for any folders. What the codec takes for a stream gives its things one by one.
    Where the codec has `words`, a word that is none of these is an input itself, unless it reads like a path
    that was mistyped. Where it has neither `suffixes` nor streams, inputs are not files and each word is one.

    Args:
        words: what the user gave.
        codec: says what it reads: `suffixes`, and for streams `stream_suffixes` and `stream`.

    Attributes:
        left_out: how many files of folders and archives have other endings, by ending.
        streams: whether there are any streams among them.
        live: whether any of these is live.

    Raises:
        UserError: for a path that is not there, and for a folder or an archive with no such file.
    """

    def __init__(self, words: Sequence[str], codec: Codec) -> None:
        self.left_out: Counter[str] = Counter()
        self._suffixes = tuple(suffix.lower() for suffix in codec.suffixes)
        self._stream_suffixes = tuple(getattr(codec, "stream_suffixes", ()))
        self._words = bool(getattr(codec, "words", False))
        self._codec: Any = codec
        self._parts: list[_Files | _OneStream | Any] = []
        for word in words:
            self._add_word(word)
        streams = [part.stream for part in self._parts if isinstance(part, _OneStream)]
        self.streams = bool(streams)
        self.live = any(getattr(stream, "live", False) for stream in streams)

    @property
    def total(self) -> int | None:
        """How many inputs there are; None where a stream does not say."""
        counts = [
            len(part.indices)
            if isinstance(part, _Files)
            else part.stream.total
            if isinstance(part, _OneStream)
            else 1
            for part in self._parts
        ]
        return None if None in counts else sum(count for count in counts if count is not None)

    def __iter__(self) -> Iterator[Any]:
        """Sources, the things of streams, or the words themselves where inputs are not files.

        A stream that breaks off gives an `Unreadable` at its end, and the next input follows.
        """
        for part in self._parts:
            if isinstance(part, _Files):
                for index in part.indices:
                    yield part.tree.source(index)
            elif isinstance(part, _OneStream):
                try:
                    yield from part.stream
                except UserError as error:
                    yield Unreadable(part.stream.name, str(error))
            else:
                yield part

    def _add_word(self, word: str) -> None:
        streams = hasattr(self._codec, "stream")
        if not self._suffixes and not streams:
            if word == "-":
                raise UserError("'-' stands for nothing here: give the inputs themselves")
            self._parts.append(word)
            return
        there = _is_there(word, or_long=self._words)
        stream = None
        if streams and not there:
            stream = self._codec.stream(word)
        if stream is not None:
            self._parts.append(_OneStream(stream))
            return
        if word == "-":
            raise UserError("'-' stands for nothing here: give files, folders, archives or globs")
        paths = [Path(word).expanduser()] if there else _matches(word)
        if not paths:
            if not self._words:
                raise UserError(_nothing_there(word))
            if _reads_like_a_path(word):
                raise UserError(f"{_nothing_there(word)} (for the word itself, put a space after it)")
            self._parts.append(word)
        for path in paths:
            self._add(path)

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
            found = f"{len(tree)} other file{'s' * (len(tree) != 1)}" if len(tree) else "no file at all"
            raise UserError(
                f"{path} holds {found} and none that can be predicted for, which end in"
                f" {', '.join((*self._suffixes, *self._stream_suffixes))}"
            )
        self.left_out += others
        self._parts.append(_Files(tree, indices))
        for stream in streams:
            self._add_file(FileSource(stream))
        self._parts.extend(Unreadable(str(path), problem) for problem in tree.problems)

    def _add_file(self, source: Any) -> None:
        suffix = PurePosixPath(source.name).suffix.lower()
        if suffix in self._stream_suffixes and suffix not in self._suffixes:
            self._parts.append(_OneStream(self._codec.stream(source)))
        else:
            self._parts.append(source)


@dataclass(frozen=True)
class _Files:
    """Some files of a folder or an archive."""

    tree: Tree
    indices: list[int]


@dataclass(frozen=True)
class _OneStream:
    """Marks a stream among the inputs: any object may look like one."""

    stream: Stream


def _is_there(word: str, *, or_long: bool) -> bool:
    """Whether it is a path that is there; a text that is longer than a name can be is none, if `or_long`."""
    try:
        return bool(word) and Path(word).expanduser().exists()
    except OSError as error:
        if or_long and error.errno == errno.ENAMETOOLONG:
            return False
        raise UserError(f"'{word[:200]}' cannot be read: {error.strerror}") from None


def _matches(word: str) -> list[Path]:
    if not glob.has_magic(word):
        return []
    found = sorted(glob.glob(str(Path(word).expanduser()), recursive=True))  # noqa: PTH207 - it may be absolute
    return [Path(one) for one in found]


def _nothing_there(word: str) -> str:
    return f"'{word}' matches no file" if glob.has_magic(word) else f"there is no file or folder '{word}'"


def _reads_like_a_path(word: str) -> bool:
    """Whether a word was meant for a path: without white space, and ends like a file or is in a folder."""
    if any(character.isspace() for character in word):
        return False
    ending = PurePosixPath(word).suffix[1:]
    if ending.isascii() and ending.isalnum() and ending[0].isalpha():
        return True
    return bool({"/", os.sep} & set(word)) and Path(word).expanduser().parent.is_dir()
