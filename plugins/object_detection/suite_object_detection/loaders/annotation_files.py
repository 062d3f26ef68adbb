"""Formats with one file for many images: which files there are, and which split each is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite import UserError
from suite.data import Problem
from suite.kit import SPLIT_NAMES, counted, some, split_of_name
from suite.sources import FileSource, Source, Tree, is_archive, open_tree
from suite_images.file_index import split_of_path
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.splits import grouped

MAX_FILES = 100
"""How many files are looked into; of other formats there may be one for each image."""

_OWN_FOLDERS = ("annotations", "labels", "json")
"""Folders of annotations beside which the images lie."""


@dataclass(frozen=True)
class AnnotationFile:
    """A file that annotates images of a split; `name` is relative to the tree of the images."""

    split: str
    name: str
    source: Source


@dataclass(frozen=True)
class Opened:
    """The files of a data set.

    Attributes:
        tree: where the images are.
        files: the annotations, split by split.
        notes: what was left out.
    """

    tree: Tree
    files: Sequence[AnnotationFile]
    notes: Sequence[str] = ()


Looks = Callable[[Source], bool]
"""Whether a file is of the format, by its beginning and end. Raises `UserError` if it cannot be read."""


def looks_right(source: Source, looks: Looks) -> bool:
    """Whether a file is of the format; one that cannot be read is not, and whoever reads it says why."""
    try:
        return looks(source)
    except UserError:
        return False


def recognized(path: Path, suffixes: tuple[str, ...], looks: Looks) -> bool:
    """Whether `path` is a file of a format, or a folder or an archive that has one.

    Args:
        path: what the user gave.
        suffixes: endings of such files, in lower case.
        looks: tells them apart.
    """
    if path.is_file() and not is_archive(path):
        return path.name.lower().endswith(suffixes) and looks_right(FileSource(path), looks)
    return any(True for _ in found(open_tree(path), suffixes, looks))


def found(tree: Tree, suffixes: tuple[str, ...], looks: Looks) -> Iterable[int]:
    """The files of a format in a tree, those nearest to its top first."""
    files = [file for file, name in enumerate(tree.names) if name.lower().endswith(suffixes)]
    files.sort(key=lambda file: (tree.names[file].count("/"), tree.names[file]))
    return (file for file in files[:MAX_FILES] if looks_right(tree.source(file), looks))


def opened(
    path: Path,
    images: str,
    suffixes: tuple[str, ...],
    looks: Looks,
    kind: str,
    what: str,
    may_be: Looks | None = None,
) -> Opened:
    """The annotations at `path`, and where their images are.

    Args:
        path: a file (all of it is the training split), a folder or an archive.
        images: the option of this name.
        suffixes: endings of such files, in lower case.
        looks: tells them apart.
        kind: what a message calls such a file.
        what: what is in one, if there is none.
        may_be: whether a file that is called after a split may be one beside others, although it has nothing
            that tells: no object, say.

    Raises:
        UserError: if there is none.
    """
    if path.is_file() and not is_archive(path):
        return one_file(path, images)
    tree = open_tree(path)
    files = list(found(tree, suffixes, looks))
    if not files:
        raise UserError(f"{path} has no {kind}: {what}")
    if may_be is not None:
        others = (file for file in found(tree, suffixes, may_be) if file not in files)
        files += [file for file in others if _split_of(tree.names[file])]
    splits, unnamed = by_split(tree, files)
    return Opened(open_tree(images) if images else tree, in_order(tree, splits), left_out(unnamed, kind))


def one_file(path: Path, images: str) -> Opened:
    """A file that the user named: all of it is the training split."""
    root = path.parent.parent if path.parent.name.lower() in _OWN_FOLDERS else path.parent
    file = AnnotationFile("train", path.relative_to(root).as_posix(), FileSource(path))
    return Opened(open_tree(images or root), [file])


def by_split(tree: Tree, files: Sequence[int]) -> tuple[Mapping[str, list[int]], list[str]]:
    """The files of each split, by their names or their folders', and the names of those of none.

    Files that are called after no split are for training, if no other file is.
    """
    splits, rest = grouped(files, lambda file: _split_of(tree.names[file]))
    return splits, [tree.names[file] for file in rest]


def in_order(tree: Tree, splits: Mapping[str, Sequence[int]]) -> list[AnnotationFile]:
    """The files of all splits, those for training first."""
    return [
        AnnotationFile(split, tree.names[file], tree.source(file))
        for split in SPLIT_NAMES
        for file in splits.get(split, ())
    ]


def refuse_doubled(annotations: Annotations, doubled: Mapping[tuple[str, str], Iterable[str]]) -> None:
    """Refuse images that two files of a split annotate: which one is right is not known.

    Args:
        annotations: whose refusals grow.
        doubled: the names of the images, by the names of both files.
    """
    for (first, second), names in doubled.items():
        annotations.refusals.append(
            f"{first} and {second} are of the same split, and both annotate {some(list(names))}: give the"
            " path of one, or move the other elsewhere"
        )


def _split_of(name: str) -> str | None:
    return split_of_name(name.rpartition("/")[2]) or split_of_path(name)


def left_out(unnamed: Sequence[str], kind: str) -> list[str]:
    """A sentence on the files that are called after no split, if there are any."""
    if not unnamed:
        return []
    count = counted(len(unnamed), f"{kind} is", f"{kind}s are")
    return [Problem(f"{count} called after no split, left out", unnamed)]
