"""What every loader gives: compact lists of images with labels, checked and put together."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Problem
from suite.kit import counted, shown, some
from suite.sources import FolderTree, Source, Tree
from suite_classification.types import Target
from suite_images.classes import ClassOptions, look_alikes, select_classes


class ImageExamples:
    """Files of a tree with a target each: twelve bytes an image beside the tree's list of names.

    Args:
        tree: the files.
        indices: int (examples,), their indices in `tree.names`.
        targets: the different targets, class names or lists of class names.
        kinds: int (examples,), the index in `targets` of each example's target.
    """

    def __init__(self, tree: Tree, indices: np.ndarray, targets: Sequence[Target], kinds: np.ndarray) -> None:
        self._tree = tree
        self._indices = indices.astype(np.int64)
        self._targets = targets
        self._kinds = kinds.astype(np.int32)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int, /) -> Example:
        file_index = int(self._indices[index])
        target = self._targets[self._kinds[index]]
        return Example(
            self._tree.names[file_index],
            self._tree.source(file_index),
            target if isinstance(target, str) else list(target),
        )

    def different_targets(self) -> list[Target]:
        """Each target that any of the examples has."""
        return [self._targets[kind] for kind in np.unique(self._kinds)]

    def labels(self) -> set[str]:
        """The class names that any example has."""
        targets = self.different_targets()
        return {label for target in targets for label in ([target] if isinstance(target, str) else target)}

    def renamed(self, new_names: Mapping[str, str]) -> ImageExamples:
        """With other labels; those without a new name are left out, and images with no other label."""
        targets: list[Target] = [
            new_names.get(target, "")
            if isinstance(target, str)
            else list(dict.fromkeys(new_names[label] for label in target if label in new_names))
            for target in self._targets
        ]
        kept = np.array([target != "" for target in targets], np.bool_)[self._kinds]
        return ImageExamples(self._tree, self._indices[kept], targets, self._kinds[kept])


class Listing:
    """Collects the rows of a format that lists images with their labels: each image is one example.

    Args:
        folder: paths of images are relative to it, or absolute.
        unit: what a row is called in a message: "line", say.
        hint: the end of the message about an image with two labels: how to give it several.
        find: `find(name, split, location)`: the path of an image that is not where its name says, or None.
    """

    def __init__(
        self,
        folder: Path,
        *,
        unit: str = "row",
        hint: str = "",
        find: Callable[[str, str, str], str | None] | None = None,
    ) -> None:
        self.folder = folder
        self.unit = unit
        self.hint = hint
        self.find = find
        self.groups: dict[str, str] = {}
        self.names: list[str] = []
        self.sizes: list[int] = []
        self.sources: dict[int, Source] = {}
        self.file_indices: dict[str, int] = {}
        self.missing: list[str] = []
        self.kinds: dict[str | tuple[str, ...], int] = {}
        # For each split, by the index of a file: the number of its target, and the row it stands in.
        self.rows: dict[str, dict[int, tuple[int, int]]] = {}

    def add(
        self, image: str | Source, target: Target, *, split: str, origin: str, row: int, group: str = ""
    ) -> bool:
        """Add the row of an image.

        Args:
            image: its path, or a source (a member of an archive, say).
            target: its label, or a list of labels.
            split: train, validation or test.
            origin: what a message calls the file that the row is in.
            row: the number of the row.
            group: what the image belongs to, for `groups`, by the path of the image.

        Returns:
            Whether it is new; False if an earlier row says the same.

        Raises:
            UserError: if an earlier row of the split gives the image another label. A file that is missing
                is an error only when the data set is made.
        """
        kind = self.kinds.setdefault(tuple(target) if isinstance(target, list) else target, len(self.kinds))
        location = f"{origin}, {self.unit} {row}"
        name = image if isinstance(image, str) else image.name
        file_index = self._file_index(image, split, location)
        if file_index is None:
            return True
        if group:
            self.groups.setdefault(self.names[file_index], group)
        first_kind, first_row = self.rows.setdefault(split, {}).setdefault(file_index, (kind, row))
        if first_kind != kind:
            raise UserError(
                f"{location}: '{name}' has another label in {self.unit} {first_row}. An image is one row"
                f"{self.hint}"
            )
        return first_row == row

    def relabel(self, new: Callable[[str | tuple[str, ...]], str | tuple[str, ...]]) -> None:
        """Replace every target: `new(target)` for each different one, lists of labels being tuples."""
        kinds: dict[str | tuple[str, ...], int] = {}
        numbers = [kinds.setdefault(new(kind), len(kinds)) for kind in self.kinds]
        self.kinds = kinds
        for rows in self.rows.values():
            rows.update({index: (numbers[kind], row) for index, (kind, row) in rows.items()})

    def dataset(
        self, path: Path, problems: Sequence[str] = (), options: ClassOptions | None = None
    ) -> Dataset:
        """The data set of all rows.

        Args:
            path: what a message calls the data.
            problems: what was left out.
            options: which classes are read.

        Raises:
            UserError: if files are missing, some targets are lists and some are not, or no image has a
                label.
        """
        if self.missing:
            rest = len(self.missing) - 1
            more = f" ({counted(rest, 'more is', 'more are')} missing)" if rest else ""
            raise UserError(f"{self.missing[0]}{more}: paths are relative to {self.folder}")
        targets: list[Target] = [list(kind) if isinstance(kind, tuple) else kind for kind in self.kinds]
        single = sum(isinstance(target, str) for target in targets)
        if 0 < single < len(targets):
            raise UserError(f"{path}: some labels are lists and some are not: give all as lists")
        tree = _ListedTree(self)
        splits = {
            name: ImageExamples(
                tree, np.array(list(rows)), targets, np.array([kind for kind, _ in rows.values()])
            )
            for name, rows in self.rows.items()
        }
        return labeled_dataset(path, splits, problems, multi_label=not single, options=options)

    def _file_index(self, image: str | Source, split: str, location: str) -> int | None:
        """The index of the file; None if there is no such file (which goes to `missing`)."""
        name = image if isinstance(image, str) else image.name
        known = self.file_indices.get(name)
        if known is not None:
            return known
        if not isinstance(image, str):
            self.sources[len(self.names)] = image
            return self._listed(name, name.removeprefix(f"{self.folder}{os.sep}"), image.size)
        if "://" in name:
            raise UserError(f"{location}: '{name}' is an address, not a file: download the images first")
        for spelling in (name, name.replace("\\", "/")):
            try:
                status = Path(self.folder, spelling).stat()
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(status.st_mode):
                return self._listed(name, spelling, status.st_size)
        if self.find is not None and (found := self.find(name, split, location)) is not None:
            known = self.file_indices.get(found)
            if known is not None:
                return known
            return self._listed(found, found, Path(self.folder, found).stat().st_size)
        self.missing.append(f"{location}: there is no file '{Path(self.folder, name)}'")
        return None

    def _listed(self, name: str, spelling: str, size: int) -> int:
        self.names.append(spelling)
        self.sizes.append(size)
        return self.file_indices.setdefault(name, len(self.file_indices))


class _ListedTree(FolderTree):
    """The files of a listing, by their paths, and the sources among its rows."""

    def __init__(self, listing: Listing) -> None:
        super().__init__(str(listing.folder), listing.names, np.array(listing.sizes, np.int64))
        self._sources = listing.sources

    def source(self, index: int) -> Source:
        return self._sources[index] if index in self._sources else super().source(index)


def checked_target(target: Any, location: str) -> Target:
    """The target, if it is a label or a list of labels; of a list, each label once.

    Raises:
        UserError: if it is something else.
    """
    if isinstance(target, list | tuple):
        if not all(isinstance(label, str) and label.strip() for label in target):
            raise UserError(f"{location}: the labels {shown(target)} are not all texts")
        return list(dict.fromkeys(target))
    if not isinstance(target, str):
        raise UserError(f"{location}: the label {shown(target)} is no text")
    if not target.strip():
        raise UserError(f"{location} has no label")
    return target


def labeled_dataset(
    path: Path,
    splits: Mapping[str, ImageExamples],
    problems: Sequence[str] = (),
    *,
    multi_label: bool = False,
    hint: str = "",
    options: ClassOptions | None = None,
) -> Dataset:
    """The data set of the splits that exist. Without a training split it can be scored on.

    Args:
        path: what a message calls the data.
        splits: by name; at least one example each.
        problems: what was left out.
        multi_label: whether targets are lists.
        hint: added to the problem if there is only one class.
        options: which classes are read.

    Raises:
        UserError: if no image has a label, a class has no training example, or the options name a class that
            there is not.
    """
    options = options or ClassOptions()
    known = sorted(set().union(*(examples.labels() for examples in splits.values())))
    selection = select_classes(known, options, str(path))
    problems = [*problems, *look_alikes(selection.names)]
    if selection.changes:
        chosen = {name: examples.renamed(selection.new_names()) for name, examples in splits.items()}
        if left_out := sum(map(len, splits.values())) - sum(map(len, chosen.values())):
            text = f"{counted(left_out, 'image', 'images')} of other classes left out (loader.classes)"
            problems.append(Problem(text, selection.left_out, wrong=False))
        splits = {name: examples for name, examples in chosen.items() if len(examples)}
    classes = list(selection.names)
    if "train" in splits:
        learned = splits["train"].labels()
        for name, examples in splits.items():
            if unknown := sorted(examples.labels() - learned):
                raise UserError(
                    f"{path}: {some(unknown)} in the {name} split but not in the training split: a class can"
                    " only be learned from training images"
                )
    else:
        text = f"there is no training split, only {' and '.join(sorted(splits))}"
        problems.append(Problem(text, of_training=True))
    if not classes:
        raise UserError(f"{path}: no image has a label")
    if len(classes) == 1 and not multi_label:
        text = f"there is one class only, '{classes[0]}': at least two are needed to learn{hint}"
        problems.append(Problem(text, of_training=True))
    return Dataset(
        train=splits.get("train", []),
        validation=splits.get("validation"),
        test=splits.get("test"),
        facts={"classes": classes, "multi_label": multi_label},
        problems=problems,
    )
